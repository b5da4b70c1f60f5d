"""Machines for tests: one by its spec, any by a hypothesis strategy, and what may happen to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from homeostat.models.machine import SEED_NAME, VirtualMachine
from homeostat.planner.domain import DiskConfig
from homeostat.planner.observed import DomainState
from tests.unit.domains import Domain, Refused
from tests.unit.driving import Operator
from tests.unit.world import World

IMAGE = {"url": "https://example.org/debian.qcow2"}
Spec = dict[str, Any]
_rested: dict[str, Operator] = {}  # by the spec that they have brought up


def machine(*, name: str = "web", namespace: str = "default", deleting: bool = False, **spec: Any) -> VirtualMachine:
    """``spec`` in the words of the YAML."""
    metadata: Spec = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "generation": 1}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return VirtualMachine.model_validate({"metadata": metadata, "spec": spec})


def deleted(vm: VirtualMachine, grace: int | None = None) -> VirtualMachine:
    gone = {"deletion_timestamp": "2026-01-01T00:00:00Z", "deletion_grace_period_seconds": grace}
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update=gone)})


def changed(vm: VirtualMachine, **spec: Any) -> VirtualMachine:
    """With some fields of its spec replaced (None: removed), as an edit of the YAML does."""
    wanted = {key: value for key, value in {**vm.dump()["spec"], **spec}.items() if value is not None}
    metadata = vm.metadata.model_copy(update={"generation": vm.metadata.generation + 1})
    return VirtualMachine.model_validate({"metadata": metadata.dump(), "spec": wanted})


def running(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    """A machine that has been brought up and is at rest: of each spec once, and each time a copy of what came of it."""
    known = repr(spec)
    if known not in _rested:
        brought_up = Operator(World())
        brought_up.settle(machine(**spec))
        _rested[known] = brought_up
    rested = _rested[known]
    world = rested.world.copy()
    operator = Operator(world, rested.now)
    operator.memory = rested.memory
    return world, operator, machine(**spec)


_DISKS: list[list[Spec]] = [
    [],
    [{"name": "root", "image": IMAGE}],
    [{"name": "root", "image": IMAGE, "size": "2G"}, {"name": "data", "size": "1500000001"}],
    [{"name": "data", "size": "3Gi", "reclaimPolicy": "Retain"}, {"name": "iso", "type": "cdrom", "image": IMAGE}],
    [{"name": "root", "image": IMAGE}, {"name": "new", "size": "1Gi", "bus": "scsi"}, {"name": "iso", "type": "cdrom"}],
    [{"name": "sata", "size": "1Gi", "bus": "sata", "rotationRate": 1, "discard": "ignore"}],
    [{"name": "data", "size": "3Gi", "limits": {"iops": 100, "bytesPerSecond": "5Mi"}}],
]
_ROOM: list[Spec] = [
    {"vcpu": 1, "maxVcpu": 4, "memory": "512Mi", "maxMemory": "1Gi"},
    {"vcpu": 3, "maxVcpu": 4, "memory": "1Gi", "maxMemory": "1Gi"},
]
_NICS: list[list[Spec]] = [
    [],
    [{"name": "lan", "network": "default", "linkState": "Down"}],
    [{"name": "lan", "network": "default"}],
    [{"name": "lan", "network": "default"}, {"name": "second", "bridge": "br0"}],
    [{"name": "lan", "network": "default", "model": "e1000"}],
    [{"name": "own", "tap": {"name": "tap0"}, "queues": 2, "mtu": 1400}],
    [{"name": "user", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}],
]
_POWERS: list[Spec] = [
    {"runStrategy": "Always"},
    {"runStrategy": "Always"},
    {"runStrategy": "RerunOnFailure"},
    {"runStrategy": "Once"},
    {"runStrategy": "Halted"},
    *({"runStrategy": "Manual", "power": power} for power in ("Running", "Stopped", "Paused", "Saved")),
]
_TOKEN = st.sampled_from([None, "t1", "t2", "t3"])

# Each field, and what it may be; None: left out. ``power`` goes with runStrategy.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "power": st.sampled_from(_POWERS),
    "restartedAt": _TOKEN,
    "poweredOffAt": _TOKEN,
    "driftPolicy": st.sampled_from([None, None, "Report"]),
    "updatePolicy": st.sampled_from([None, "Immediate", "Never"]),
    "reclaimPolicy": st.sampled_from([None, "Retain"]),
    "resources": st.sampled_from([None, {"memory": "1G"}, {"memory": "600Mi", "vcpu": 2}, {"memory": "17000001"}, *_ROOM]),
    "disks": st.sampled_from(_DISKS),
    "nics": st.sampled_from(_NICS),
    "rng": st.sampled_from([None, None, {"bytesPerSecond": "1Ki"}, {"enabled": False}]),
    "smbios": st.sampled_from([None, None, {"serial": "S-1"}, {"product": "Anvil"}]),
    "tpm": st.sampled_from([None, None, {}]),
    "cloudInit": st.sampled_from([None, None, {"userData": "#cloud-config\n"}, {"userData": "#cloud-config\na: 1\n"}]),
    "shutdown": st.sampled_from([None, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 25}, {"onTimeout": "Wait"}]),
    "machine": st.sampled_from([None, {"type": "pc"}, {"version": "6.2"}]),
    "boot": st.sampled_from([None, None, {"kernel": {"url": "https://example.org/vmlinuz"}, "cmdline": "quiet"}]),
}


def flat(fields: Spec) -> Spec:
    """The spec of drawn fields."""
    spec = {key: value for key, value in fields.items() if value is not None}
    strategy = spec.pop("power", {})
    return {**spec, **strategy}


def specs() -> st.SearchStrategy[Spec]:
    """Any spec, as drawn fields (see ``flat``)."""
    return st.fixed_dictionaries({"power": FIELDS["power"]}, optional={k: v for k, v in FIELDS.items() if k != "power"})


def edits() -> st.SearchStrategy[Spec]:
    """One or two fields changed."""
    one = st.sampled_from(sorted(FIELDS)).flatmap(lambda name: FIELDS[name].map(lambda value: {name: value}))
    return st.builds(lambda a, b: {**a, **b}, one, one | st.just({}))


Happening = Callable[[World], None]


def _take_disk(world: World) -> None:
    if world.disks:
        del world.disks[sorted(world.disks)[0]]


def _drop_nics(domain: Domain) -> Any:
    return {"nics": domain.live.nics[1:]} if domain.live else {}


def _first_disk(world: World) -> DiskConfig:
    domain = world._own()
    config = domain.live or domain.config
    for disk in config.disks if config else ():
        if disk.device == "disk" and disk.name != SEED_NAME and disk.source in world.disks:
            return disk
    raise Refused("it has no disk")


def _snapshot(**where: bool) -> Happening:
    def snapshot(world: World) -> None:
        disk = _first_disk(world)
        world.snapshot(disk.name, f"{disk.source}.s{len(world.disks)}", **where)

    return snapshot


def _commit(world: World) -> None:
    disk = _first_disk(world)
    base = world.disks[disk.source or ""].backing
    if base not in world.disks:
        raise Refused("it is no overlay")
    world.point(disk.name, base)


def _copy(world: World) -> None:
    world.put_on(_first_disk(world).name, f"/elsewhere/{len(world.disks)}")


GUEST: dict[str, Happening] = {
    "guest crashes": World.crash,
    "guest shuts itself down": World.shut_itself_down,
    "guest stops on a full disk": World.fail_io,
    "guest no longer obeys": lambda world: setattr(world, "obedient", False),
    "guest obeys": lambda world: setattr(world, "obedient", True),
}
OTHERS: dict[str, Happening] = {
    "virsh destroy": World.destroy,
    "virsh undefine": World.undefine,
    "virsh suspend": World.pause,
    "virsh resume": World.resume,
    "virsh managedsave": World.save,
    "virsh start": World.start,
    "virsh autostart --disable": lambda world: world.set_autostart(False),
    "virsh autostart": lambda world: world.set_autostart(True),
    "virsh edit": lambda world: world.edit(memory=64 * 2**20, vcpus=7),
    "virsh detach-interface --live": lambda world: world.edit_live(**_drop_nics(world._own())),
    "virsh detach-interface --config": lambda world: world.edit(nics=()),
    "libvirtd restarts": World.restart_libvirtd,
    "virsh snapshot-create-as --disk-only": _snapshot(),
    "an overlay put into the definition only": _snapshot(live=False),
    "an overlay in the running guest only": _snapshot(config=False),
    "virsh blockcommit --active --pivot": _commit,
    "virsh blockcopy --pivot": _copy,
    "virsh snapshot-create": World.take_snapshot,
    "virsh snapshot-revert": World.revert,
}
HAPPENINGS = {**GUEST, **OTHERS, "disk file deleted": _take_disk}


def happen(world: World, what: str) -> bool:
    """Whether it could: nobody suspends a machine that is off."""
    try:
        HAPPENINGS[what](world)
    except Refused:
        return False
    return True


def is_running(world: World) -> bool:
    return world.domain is not None and world.domain.state is DomainState.RUNNING


STEPS = st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)), max_size=8)
"""What becomes of a machine: its spec is edited, or something happens to it."""


def lived(world: World, fields: Spec, steps: list[Spec | str], **always: Any) -> Iterator[VirtualMachine]:
    """Yields the machine at first, and after each step that is possible. ``always``: fields that no step changes."""
    for step in [{}, *steps]:
        if isinstance(step, str):
            if not happen(world, step):
                continue
        else:
            fields = {**fields, **step, **always}
        yield machine(**flat(fields))
