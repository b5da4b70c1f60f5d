"""A look at a deployment reads only the machines that changed since the last one, and yet sees all as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.models.base import Key, ObjectMeta, OwnerReference
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.planner.deployment.observed import Replica
from homeostat.runtime.deployment.replicas import MachinesSeen, Seen
from homeostat.store.files.store import FilesStore
from tests.unit.store_fixtures import Room, document, key

THEN, EPOCH = "2026-01-01T00:00:00Z", 1767225600.0


@dataclass
class Clock:
    pauses: Sequence[tuple[float, float]] = ()

    @property
    def even(self) -> bool:
        return not self.pauses

    def put_off(self, then: float) -> float:
        return then + sum(end - begin for begin, end in self.pauses)


@dataclass
class World:
    """A folder, and what was read of it."""

    store: FilesStore
    clock: Clock = field(default_factory=Clock)
    unseen: set[Key] = field(default_factory=set)
    read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machines = MachinesSeen(self, lambda machine: machine not in self.unseen, self.clock)  # type: ignore[arg-type]

    async def newer(
        self, kind: type[VirtualMachine], namespace: str, known: Mapping[str, int]
    ) -> tuple[Mapping[str, int], Sequence[VirtualMachine]]:
        versions, changed = await self.store.newer(kind, namespace, known)
        self.read += [machine.metadata.name for machine in changed]
        return versions, changed

    async def look(self) -> tuple[Sequence[str], Collection[Seen]]:
        """Returns what was read for it, and all that is there."""
        self.read.clear()
        found = await self.machines.of("default")
        return list(self.read), found

    async def replicas(self) -> Mapping[str, Replica]:
        return {seen.replica.name: seen.replica for seen in await self.machines.of("default")}

    async def run(self, name: str) -> None:
        conditions = tuple(Condition(type=t, status="True", reason="Ok", last_transition_time=THEN) for t in ("Ready", "Running"))
        status = VirtualMachineStatus(state=MachineState.RUNNING, observed_generation=1, conditions=conditions, run="1")
        row = self.store.index.row(key(name))
        assert row is not None
        await self.store.write_status(key(name), row.uid, status)


async def world(room: Room, *names: str) -> World:
    owner = OwnerReference(api_version="homeostat.dev/v1alpha1", kind="VirtualMachineDeployment", name="web", uid="u-1")
    for name in names:
        metadata = ObjectMeta(name=name, owner_references=(owner,))
        spec = VirtualMachineSpec.model_validate({"resources": {"memory": "1Gi"}})
        await room.store.apply_owned(VirtualMachine(metadata=metadata, spec=spec))
    return World(room.store)


async def test_all_are_read_once_and_then_only_what_changed(room: Room) -> None:
    here = await world(room, "web-1", "web-2", "web-3")
    read, found = await here.look()
    assert read == [seen.replica.name for seen in found] == ["web-1", "web-2", "web-3"]
    assert {seen.owner for seen in found} == {"u-1"} and [seen.replica.index for seen in found] == [1, 2, 3]
    assert (await here.look())[0] == []
    await here.run("web-2")
    read, found = await here.look()
    assert read == ["web-2"] and len(found) == 3
    assert [seen.told for seen in found] == [False, True, False]
    assert [seen.replica.available(0, EPOCH + 1) for seen in found] == [False, True, False]


async def test_one_that_came_and_one_that_went(room: Room) -> None:
    here = await world(room, "web-1", "web-2")
    await here.look()
    await here.store.delete_owned(key("web-1"), {})
    room.write("other.yaml", document("lone"))
    room.store.sync()
    read, found = await here.look()
    assert sorted(read) == ["lone", "web-1"]
    assert [(seen.replica.name, seen.owner, seen.replica.deleting) for seen in found] == [
        ("lone", "", False),
        ("web-1", "u-1", True),
        ("web-2", "u-1", False),
    ]
    row = here.store.index.row(key("web-1"))
    assert row is not None
    await here.store.release(key("web-1"), row.uid)
    read, found = await here.look()
    assert read == [] and [seen.replica.name for seen in found] == ["lone", "web-2"]


async def test_one_that_its_model_refuses_by_now_is_left_out(room: Room) -> None:
    here = await world(room, "web-1", "web-2")
    await here.look()
    with here.store.index.transaction() as database:
        database.execute(
            'UPDATE resources SET spec=\'{"resources": {"memory": "none"}}\', version=99, changed=99 WHERE name=\'web-1\''
        )
    assert list(await here.replicas()) == ["web-2"]
    assert list(await here.replicas()) == ["web-2"]


async def test_what_its_host_no_longer_vouches_for_is_unknown_although_nothing_was_written(room: Room) -> None:
    here = await world(room, "web-1")
    await here.run("web-1")
    assert not (await here.replicas())["web-1"].unknown
    here.unseen.add(key("web-1"))
    read, (seen,) = await here.look()
    assert read == ["web-1"] and seen.replica.unknown and seen.told and not seen.looked_at
    here.unseen.clear()
    assert not (await here.replicas())["web-1"].unknown


async def test_a_pause_of_the_operator_puts_off_what_was_seen_before(room: Room) -> None:
    here = await world(room, "web-1")
    await here.run("web-1")
    assert (await here.replicas())["web-1"].ready_since == EPOCH
    here.clock.pauses = ((EPOCH, EPOCH + 60),)
    read, (seen,) = await here.look()
    assert (seen.replica.ready_since, seen.replica.serving_since) == (EPOCH + 60, EPOCH + 60) and read == []
    here.clock.pauses = ((EPOCH, EPOCH + 60), (EPOCH + 60, EPOCH + 61))
    assert (await here.replicas())["web-1"].created == EPOCH + 61


async def test_a_namespace_that_was_forgotten_is_read_again(room: Room) -> None:
    here = await world(room, "web-1")
    await here.look()
    here.machines.forget("default")
    assert (await here.look())[0] == ["web-1"]
