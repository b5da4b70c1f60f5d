"""Where the controller places a Disk, what it says while it cannot, and what it says of one whose host nobody serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.condition import READY, find_condition
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.host import Host, HostMeta, HostSpec
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.planner.placement import Offer, host_finalizer, host_of
from homeostat.planner.plan import Waiting
from homeostat.runtime.disk.placement import PATIENCE, RETRY_SECONDS, DiskPlacer
from homeostat.runtime.engine.reconciler import GONE, Next
from tests.unit.disks import disk
from tests.unit.machines import machine
from tests.unit.operating import Shelf

NAMED = [{"name": "data", "diskRef": {"name": "data"}}]
SSD = {"disk": "ssd"}


def at(resource: Any, host: str) -> Any:
    """Returns a resource that is placed."""
    return marked(resource, finalizers=(host_finalizer(host),))


def marked(resource: Any, **metadata: Any) -> Any:
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update=metadata)})


def snapshot(host: str = "") -> Snapshot:
    found = Snapshot.model_validate({"metadata": {"name": "before"}, "spec": {"machineRef": {"name": "web"}}})
    return at(found, host) if host else found


class Cluster(Shelf):
    """Hosts ``a`` and ``b``, of which ``b`` has an SSD, and ``a`` is where most is free."""

    def __init__(self, *resources: Resource) -> None:
        super().__init__(*resources, *(Host(metadata=HostMeta(name=name), spec=HostSpec()) for name in "ab"))
        self.open = [Offer("a", {}), Offer("b", SSD, promised=1)]
        self.gone: set[str] = set()
        self.now = 0.0
        self.known: str | Waiting | None = None
        self.placer = self.placing()

    def placing(self, **settings: Any) -> DiskPlacer:
        is_gone, located = self.gone.__contains__, lambda disk: self.known
        return DiskPlacer(self, self, is_gone, located, now=lambda: self.now, **settings)  # type: ignore[arg-type]

    def offers(self) -> Sequence[Offer]:
        return self.open

    async def needs(self, machine: VirtualMachine) -> tuple[VirtualMachine, int]:
        return machine, 0

    async def place(self, key: Key, uid: str, host: str) -> bool:
        self.resources[key] = at(self.resources[key], host)
        return True

    async def look(self, name: str = "data") -> Next:
        found = self.resources[Key(Disk.KIND, "default", name)]
        assert isinstance(found, Disk)
        return await self.placer.reconcile(found)

    async def where(self, name: str = "data") -> str:
        """Returns the host, or the reason that is told, after PATIENCE."""
        await self.look(name)
        self.now += PATIENCE
        if (found := self.resources[Key(Disk.KIND, "default", name)]) and not found.metadata.finalizers:
            await self.look(name)
        found = self.resources[Key(Disk.KIND, "default", name)]
        return host_of(found.metadata.finalizers) or self.words(name)[0]

    def words(self, name: str = "data") -> tuple[str, str]:
        found = self.resources[Key(Disk.KIND, "default", name)]
        ready = find_condition(found.status.conditions, READY) if isinstance(found, Disk) and found.status else None
        return (ready.reason, ready.message) if ready else ("", "")


WEB = machine(name="web", disks=NAMED)
COPY = {"source": {"diskRef": {"name": "old"}}}
TAKEN = {"source": {"snapshotRef": {"name": "before", "disk": "root"}}}


@pytest.mark.parametrize(
    ("spec", "others", "expected"),
    [
        ({}, [], "a"),
        ({"size": "1Gi", "hostSelector": SSD}, [], "b"),
        ({"size": "1Gi", "hostSelector": {"disk": "none"}}, [], "NoHostMatches"),
        ({}, [at(WEB, "b")], "b"),
        ({}, [at(WEB, "b"), at(machine(name="aaa", disks=NAMED), "a")], "a"),  # the first by its name; the other one says so
        ({}, [machine(name="web", disks=NAMED, hostSelector=SSD)], "b"),
        ({"size": "1Gi", "hostSelector": SSD}, [WEB], "b"),
        ({"size": "1Gi", "hostSelector": SSD}, [at(WEB, "a")], "HostSelectorContradicts"),
        ({}, [machine(name="web", disks=[*NAMED, {"name": "x", "diskRef": {"name": "x"}}]), at(disk(name="x"), "b")], "b"),
        (
            {},
            [
                machine(name="web", disks=[*NAMED, {"name": "x", "diskRef": {"name": "x"}}]),
                disk(name="x", size="1Gi", hostSelector=SSD),
            ],
            "b",
        ),
        ({}, [machine(name="web", disks=[*NAMED, {"name": "x", "diskRef": {"name": "typo"}}])], "a"),
        ({}, [machine(name="web", disks=NAMED, nics=[{"name": "n", "networkRef": {"name": "typo"}}])], "a"),
        (COPY, [at(disk(name="old"), "b")], "b"),
        (COPY, [disk(name="old")], "DiskNotReady"),
        (COPY, [disk(name="old", deleting=True)], "DiskNotReady"),
        (COPY, [], "DiskNotReady"),
        (COPY, [at(disk(name="old"), "b"), at(WEB, "a")], "OnSeveralHosts"),
        (
            {},
            [
                machine(
                    name="web", disks=[{"name": "x", "size": "1Gi"}, {"name": "y", "diskRef": {"name": "y"}}], hostSelector=SSD
                )
            ],
            "a",
        ),
        # Of several without a host the first by its name counts, unless it is going.
        ({}, [machine(name="b", disks=NAMED), machine(name="a", disks=NAMED, hostSelector=SSD)], "b"),
        ({}, [machine(name="a", disks=NAMED, hostSelector=SSD, deleting=True)], "a"),
        # One that asks for what the Disk's hosts lack keeps the next one not waiting; one that waits for its turn does.
        ({"size": "1Gi", "hostSelector": SSD}, [machine(name="a", disks=NAMED, hostSelector={"zone": "x"}), WEB], "b"),
        ({"size": "1Gi", "hostSelector": SSD}, [machine(name="a", disks=NAMED, hostSelector={"zone": "x"})], "NoHostMatches"),
        ({"source": {"image": {"imageRef": {"name": "up"}}}}, [], "a"),
        (TAKEN, [snapshot("b")], "b"),
        (TAKEN, [snapshot()], "DiskNotReady"),
        (TAKEN, [], "DiskNotReady"),
        (COPY, [at(disk(name="old"), "c")], "HostGone"),
    ],
)
async def test_where_it_goes(spec: dict[str, Any], others: list[Any], expected: str) -> None:
    cluster = Cluster(disk(**spec), *others)
    assert await cluster.where() == expected


async def test_it_waits_a_moment_for_its_machine_where_it_could_go_to_several_hosts() -> None:
    cluster = Cluster(disk())
    step = await cluster.look()
    assert cluster.words()[0] == "NoMachineYet" and step.after == PATIENCE
    cluster.put(machine(name="web", disks=NAMED, hostSelector=SSD))
    assert await cluster.where() == "b"


async def test_it_waits_for_nobody_where_only_one_host_can_have_it() -> None:
    cluster = Cluster(disk())
    cluster.open = cluster.open[:1]
    await cluster.look()
    assert host_of(cluster.resources[disk().key].metadata.finalizers) == "a"


async def test_another_one_of_its_name_goes_where_it_asks_for() -> None:
    """Also where the end of the one before was not heard of yet."""
    cluster = Cluster(disk(size="1Gi", hostSelector=SSD))
    assert await cluster.where() == "b"
    again = disk()
    cluster.resources[again.key] = again.model_copy(update={"metadata": again.metadata.model_copy(update={"uid": "another"})})
    assert await cluster.where() == "a"


async def test_one_that_lost_its_finalizer_goes_back_to_its_host_and_nowhere_else() -> None:
    was = disk().model_copy(update={"status": DiskStatus(host="b")})
    assert await Cluster(was).where() == "b"
    cluster = Cluster(was)
    cluster.open = cluster.open[:1]
    assert await cluster.where() == "HostGone" and "it lies on host b" in cluster.words()[1]

    cluster.placer = cluster.placing(one_folder=True)
    assert await cluster.where() == "a", "all hosts have its file: what the only host said of it before means nothing"

    cluster = Cluster(at(disk(), "b"))
    await cluster.look()
    cluster.put(disk())  # without a status, too: we remember
    assert await cluster.where() == "b"


KEEPS = frozenset({"default/data", "default/other", "prod/x"})


@pytest.mark.parametrize(
    ("spec", "keeping", "others", "expected"),
    [
        ({}, {"b": "two"}, [], "b"),
        (COPY, {"b": "two"}, [], "b"),  # its source counted once
        ({}, {"b": "two"}, [at(WEB, "b")], "b"),
        ({}, {"b": "two"}, [at(WEB, "a")], "OnSeveralHosts"),
        ({}, {"a": "one"}, [machine(name="web", disks=NAMED, hostSelector=SSD)], "HostSelectorContradicts"),
        ({"hostSelector": SSD}, {"a": "one"}, [], "HostSelectorContradicts"),
        ({}, {"a": "one", "b": "two"}, [], "OnSeveralHosts"),
        ({"hostSelector": SSD}, {"a": "one", "b": "two"}, [], "b"),
        ({"hostSelector": {"disk": "tape"}}, {"a": "one", "b": "two"}, [], "OnSeveralHosts"),
        ({}, {"a": "one", "b": "one"}, [], "a"),  # one state folder, which both open
        ({}, {"a": "one", "b": "one"}, [at(WEB, "b")], "b"),
        ({}, {}, [], "a"),
    ],
)
async def test_one_whose_file_was_kept_goes_there(
    spec: dict[str, Any], keeping: dict[str, str], others: list[Any], expected: str
) -> None:
    cluster = Cluster(disk(**{"size": "1Gi", **spec}), *others)
    cluster.open = [
        replace(offer, keeps=KEEPS if offer.name in keeping else frozenset(), operator=keeping.get(offer.name, offer.name))
        for offer in cluster.open
    ]
    assert await cluster.where() == expected


async def test_one_whose_file_was_kept_on_a_host_that_is_away_says_how_to_go_on() -> None:
    cluster = Cluster(disk())
    away = replace(cluster.open[1], keeps=KEEPS, closed="is not served by any operator")
    cluster.open = [cluster.open[0], away]
    assert await cluster.where() == "HostNotReady"
    assert "kept on host b, which is not served by any operator" in cluster.words()[1] and "delete Host b" in cluster.words()[1]
    cluster.open = [cluster.open[0]]
    assert await cluster.where() == "a"
    cluster = Cluster(disk(size="1Gi", hostSelector={"disk": "tape"}))
    cluster.open = [cluster.open[0], away]
    assert await cluster.where() == "HostSelectorContradicts", "which no waiting ends"


async def test_a_kept_file_of_another_namespace_is_none_of_its() -> None:
    cluster = Cluster(disk())
    cluster.open = [cluster.open[0], replace(cluster.open[1], keeps=frozenset({"prod/data"}))]
    assert await cluster.where() == "a"


async def test_where_it_is_known_to_be_open_counts_first() -> None:
    cluster = Cluster(disk(), at(WEB, "a"))
    cluster.known = Waiting("HostsNotAsked", "wait", 3.0)
    assert (await cluster.look()).after == 3.0 and cluster.words() == ("HostsNotAsked", "wait")
    cluster.known = "b"
    assert await cluster.where() == "b"


async def test_one_that_is_deleted_before_it_has_a_host() -> None:
    gone = disk(deleting=True)
    cluster = Cluster(gone)
    assert (await cluster.look()) is not GONE and not cluster.released  # in a cluster it goes by itself
    cluster.placer = cluster.placing(one_folder=True)
    assert await cluster.look() is GONE and cluster.released == [gone.key]

    cluster = Cluster(gone)
    cluster.placer, cluster.known = cluster.placing(one_folder=True), "b"  # its file is there
    await cluster.look()
    assert host_of(cluster.resources[gone.key].metadata.finalizers) == "b"


async def test_what_wakes_one_that_waits() -> None:
    old = disk(name="old")
    cluster = Cluster(disk(**COPY), old, WEB)
    await cluster.look()
    host, other = Key("Host", "default", "a"), Key(Disk.KIND, "default", "other")
    assert list(cluster.placer.woken_by(host)) == list(cluster.placer.woken_by(old.key)) == [disk().key]
    assert not cluster.placer.woken_by(other)
    cluster.put(at(old, "b"))
    await cluster.look()
    assert not cluster.placer.woken_by(host) and cluster.placer.placed_on("b") == [disk().key]
    cluster.gone.add("b")
    assert list(cluster.placer.woken_by(Key("Host", "default", "b"))) == [disk().key]
    cluster.placer.forget(disk().key)
    assert not cluster.placer.placed_on("b")


@pytest.mark.parametrize("there", [True, False])
async def test_one_whose_host_nobody_serves_says_so_and_stays(there: bool) -> None:
    cluster = Cluster(at(disk(), "b"))
    await cluster.look()
    if not there:
        cluster.drop(Key("Host", "default", "b"))
    cluster.gone.add("b")
    await cluster.placer.doubt(disk().key, "no operator serves host b")
    assert cluster.words() == ("OperatorGone", "no operator serves host b: its file stays there, and no machine has it elsewhere")
    await cluster.look()
    why = "no operator serves host b" if there else "there is no host b any more"
    assert cluster.words()[1].startswith(why) and not cluster.released

    cluster.put(at(marked(disk(deleting=True)), "b"))
    await cluster.look()
    assert f"annotate it with {ABANDON}=true" in cluster.words()[1] and not cluster.released
    cluster.put(at(marked(disk(deleting=True), annotations={ABANDON: "true"}), "b"))
    await cluster.look()
    assert cluster.released == [disk().key] and (disk().key, "Abandoned") in cluster.told


async def test_a_host_that_is_served_again_speaks_for_itself() -> None:
    cluster = Cluster(at(disk(), "b"))
    cluster.gone.add("b")
    await cluster.look()
    assert cluster.words() == ("", "")


async def test_one_that_somebody_gave_another_host_says_so() -> None:
    cluster = Cluster(at(disk(), "a").model_copy(update={"status": DiskStatus(host="b")}))
    await cluster.look()
    assert cluster.words()[0] == "OnAnotherHost" and cluster.placer.placed_on("a") == [disk().key]


async def test_what_it_waits_for_is_a_source_an_image_or_a_machine() -> None:
    image = Key("Image", "default", "up")
    for made_of, waits in (({"size": "1Gi"}, False), ({"source": {"image": {"imageRef": {"name": "up"}}}}, True),
                           ({"source": {"image": {"url": "https://x.example/a"}}}, False)):  # fmt: skip
        cluster = Cluster(disk(**made_of))
        await cluster.look()
        assert bool(cluster.placer.woken_by(image)) is waits
    cluster = Cluster(disk(size="1Gi", hostSelector={"disk": "none"}), WEB, machine(name="db"))
    await cluster.look()
    assert cluster.placer.woken_by(WEB.key) and not cluster.placer.woken_by(machine(name="db").key)
    cluster.drop(WEB.key)
    await cluster.look()
    assert not cluster.placer.woken_by(WEB.key), "it names it no more"
    cluster.placer.forget(disk().key)
    assert not cluster.placer.woken_by(Key("Host", "default", "a"))


async def test_what_is_waited_for_that_is_going_or_away_is_said() -> None:
    for others, said in (
        ([disk(name="old", deleting=True)], "spec.source.diskRef: Disk old is being deleted: name another one"),
        ([], "spec.source.diskRef: Disk old is not in namespace default: name another one"),
        ([disk(name="old")], "spec.source.diskRef: Disk old has no host yet"),
    ):
        cluster = Cluster(disk(**COPY), *others)
        assert (await cluster.look()).after == RETRY_SECONDS and cluster.words()[1].startswith(said)
    cluster = Cluster(disk(**TAKEN), marked(snapshot("b"), deletion_timestamp="2026-01-01T00:00:00Z"))
    await cluster.look()
    assert cluster.words()[1].startswith("spec.source.snapshotRef: Snapshot before is being deleted")


async def test_it_waits_its_time_once() -> None:
    cluster = Cluster(disk())
    assert (await cluster.look()).after == PATIENCE
    cluster.now = PATIENCE - 1
    assert (await cluster.look()).after == 1
    cluster.put(marked(disk(), labels={"a": "b"}))
    assert (await cluster.look()).after == 1, "since it was seen first"
    cluster.placer.forget(disk().key)
    assert (await cluster.look()).after == PATIENCE, "this is another one of the name"
    cluster.now += PATIENCE
    await cluster.look()
    assert host_of(cluster.resources[disk().key].metadata.finalizers) == "a"


async def test_a_selector_that_leaves_one_host_leaves_nothing_to_wait_for() -> None:
    cluster = Cluster(disk(size="1Gi", hostSelector=SSD))
    await cluster.look()
    assert host_of(cluster.resources[disk().key].metadata.finalizers) == "b"
    cluster = Cluster(disk(**COPY), at(disk(name="old"), "b"))
    await cluster.look()
    assert host_of(cluster.resources[disk().key].metadata.finalizers) == "b"


@pytest.mark.parametrize(("one_folder", "said"), [(False, "OnAnotherHost"), (True, "")])
async def test_whether_another_host_is_said(one_folder: bool, said: str) -> None:
    cluster = Cluster(at(disk(), "a").model_copy(update={"status": DiskStatus(host="b")}))
    cluster.placer = cluster.placing(one_folder=one_folder)
    await cluster.look()
    assert cluster.words()[0] == said
    nowhere = Cluster(at(disk(), "a").model_copy(update={"status": DiskStatus(host="c")}))
    await nowhere.look()
    assert nowhere.words()[0] == "", "there is no such host"


async def test_one_without_a_host_has_its_conditions() -> None:
    cluster = Cluster(disk(**COPY))
    await cluster.look()
    found = cluster.resources[disk().key]
    assert isinstance(found, Disk) and found.status is not None
    assert {c.type: c.status for c in found.status.conditions} == {"Ready": "False", "Reconciling": "True"}
    count = len(cluster.statuses)
    await cluster.look()
    assert len(cluster.statuses) == count, "it is not said twice"
    both = [at(disk(name="old"), "b"), at(WEB, "a")]
    cluster = Cluster(disk(**COPY), *both)
    await cluster.look()
    found = cluster.resources[disk().key]
    assert isinstance(found, Disk) and found.status is not None
    assert {c.type: c.status for c in found.status.conditions} == {"Ready": "False", "Stalled": "True"}
