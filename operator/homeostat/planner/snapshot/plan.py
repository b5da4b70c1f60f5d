"""The plan for one snapshot: taken once, kept, and removed with its data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import TAKING, Quiesce, Snapshot

from ..actions import DropSnapshot, NoteTaken, ReleaseResource, TakeSnapshot
from ..files.disk_file import disk_of_path
from ..files.disk_tag import DiskTag
from ..files.snapshot_note import SnapshotNote
from ..machine.power.shutdown import PASSING
from ..observed import DomainState
from ..plan import Converged, Outcome, Stalled, Waiting
from .observed import ObservedSnapshot, lacking, own_disks, tag_of

LOOK_AGAIN = 5.0  # seconds
FORMAT = "qcow2"  # the one format that holds snapshots


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """The next steps for one snapshot."""

    actions: tuple[TakeSnapshot | NoteTaken | DropSnapshot | ReleaseResource, ...] = ()
    outcome: Outcome = Converged()


def plan_snapshot(snapshot: Snapshot, observed: ObservedSnapshot) -> SnapshotPlan:
    """Plans the next steps. Takes it only where none was completed: a snapshot that got lost is not taken again, since it would
    be one of another time. One that disks hold, without a note, was begun at least: the note is written first."""
    if not observed.host.reachable:
        error = observed.host.error or f"host {observed.host.name} cannot be reached"
        return SnapshotPlan(outcome=Waiting("HostUnreachable", error))
    if observed.rival is not None:
        return SnapshotPlan(outcome=observed.rival)
    if snapshot.deleting:
        return _removed(snapshot, observed)
    if observed.note is not None and observed.note.complete:
        return SnapshotPlan(outcome=_kept(snapshot, observed))
    if observed.note is None and observed.machine is not None and (held := _held(snapshot, observed)):
        return _found(snapshot, observed.machine, held)
    problem = _untakeable(snapshot, observed)
    return SnapshotPlan(outcome=problem) if problem else _taken(snapshot, observed)


def _held(snapshot: Snapshot, observed: ObservedSnapshot) -> dict[tuple[str, str], DiskTag]:
    """Returns the machine's disks that hold the snapshot, by name and path."""
    disks, name = own_disks(observed.domain) if observed.domain is not None else (), tag_of(snapshot)
    tags = {(disk, path): next((tag for tag in observed.tags.get(path, ()) if tag.tag == name), None) for disk, path, _ in disks}
    return {disk: tag for disk, tag in tags.items() if tag is not None}


def _found(snapshot: Snapshot, machine: VirtualMachine, held: Mapping[tuple[str, str], DiskTag]) -> SnapshotPlan:
    """Takes up a snapshot that was taken, and whose note got lost. To take it again would destroy it. How consistent it is nobody
    knows any more: at the least as after a power failure."""
    name, memory = machine.metadata.name, any(tag.memory for tag in held.values())
    noted = NoteTaken(
        uid=snapshot.identity,
        machine=machine.identity,
        machine_name=name,
        disks=tuple(held),
        memory=memory,
        consistency="Memory" if memory else "Crash",
        taken=min(tag.taken for tag in held.values()),
        reason="its disks hold it, and what was noted down of it is lost",
    )
    return SnapshotPlan((noted,), Waiting(TAKING, f"noting down what the disks of machine {name} hold of it"))


def _removed(snapshot: Snapshot, observed: ObservedSnapshot) -> SnapshotPlan:
    note, domain = observed.note, observed.domain
    release = ReleaseResource("its data is gone")
    disks = note.disks if note is not None else tuple(_held(snapshot, observed))
    if note is None and not disks:
        return SnapshotPlan((release,), Waiting("Terminating", "being removed"))
    uuid = domain.uuid if domain is not None else ""
    drop = DropSnapshot(snapshot.identity, uuid, tag_of(snapshot), disks, "the snapshot was deleted")
    return SnapshotPlan((drop, release), Waiting("Terminating", "removing its data"))


def _kept(snapshot: Snapshot, observed: ObservedSnapshot) -> Outcome:
    """Says whether a snapshot that was taken is still what its spec says."""
    note, spec, machine = observed.note, snapshot.spec, observed.machine
    assert note is not None
    if (note.machine_name, note.memory) != (spec.machine_ref.name, spec.memory):
        had = f"machine {note.machine_name}, {'with' if note.memory else 'without'} its memory"
        return Stalled(
            "SpecChanged", f"it was taken of {had}, and that cannot be changed: set the spec back, or make another Snapshot"
        )
    if machine is None:
        return Stalled(
            "MachineNotFound", _gone(snapshot, "its data is in that machine's disks: it can be restored once they are back")
        )
    if note.machine != machine.identity:
        return Stalled(
            "MachineReplaced",
            f"it was taken of an earlier machine {note.machine_name}, and its data is in the disks of that one: put them back "
            "where `homeostat trash list` has them, else delete this Snapshot",
        )
    if lost := lacking(note, tag_of(snapshot), observed.tags):
        return Stalled("SnapshotLost", f"{_lost(note, lost, observed)}, or delete this Snapshot")
    return Converged("Taken")


def _lost(note: SnapshotNote, lost: Collection[str], observed: ObservedSnapshot) -> str:
    """Says which disks do not hold the snapshot any more, and what to do."""
    paths = {name: path for name, path in note.disks if name in lost and path not in observed.tags}
    gone = {name: disk for name, path in paths.items() if (disk := disk_of_path(observed.host.storage_root, path))}
    held = (
        f"{', '.join(f'disks[{name}]' for name in lost)} of machine {note.machine_name} no longer hold{'s' * (len(lost) == 1)} it"
    )
    if gone:
        disks = ", ".join(sorted(f"{namespace}/{name}" for namespace, name in gone.values()))
        return f"{held}: the file of Disk {disks} has gone. Put it back (`homeostat trash` lists what can be restored)"
    return f"{held}: someone removed it or replaced the file. Put a copy of the file back"


def _gone(snapshot: Snapshot, then: str) -> str:
    meta, name = snapshot.metadata, snapshot.spec.machine_ref.name
    return f"spec.machineRef: there is no machine {name!r} in namespace {meta.namespace}; {then}"


def _untakeable(snapshot: Snapshot, observed: ObservedSnapshot) -> Outcome | None:
    """Says why it cannot be taken now; None: it can."""
    machine, domain, spec = observed.machine, observed.domain, snapshot.spec
    if machine is None:
        return Stalled("MachineNotFound", _gone(snapshot, "add it, or name another"))
    name = machine.metadata.name
    if machine.deleting:
        return Stalled("MachineDeleted", f"machine {name} is being deleted: no snapshot is taken of it any more")
    if domain is None or domain.config is None:
        return Waiting("MachineNotReady", f"machine {name} has not been made yet")
    if problem := _unfit(observed, name):
        return problem
    if not domain.state.active:
        off = f"machine {name} is off and has no memory to take: start it, or make a Snapshot with memory: false"
        return Stalled("MachineOff", off) if spec.memory else None
    if domain.state is DomainState.SHUTTING_DOWN or domain.reason in PASSING:
        return Waiting("MachineBusy", f"machine {name} is {domain.state} ({domain.reason}): it is taken after that", LOOK_AGAIN)
    if spec.memory and domain.live is not None and domain.live.uefi:
        return Stalled(
            "MemoryUnsupported",
            f"machine {name} has firmware.type: UEFI, and QEMU cannot keep the memory of such a machine in its disks: make a "
            "Snapshot with memory: false",
        )
    if spec.quiesce is Quiesce.REQUIRED and not spec.memory and not domain.agent:
        return Stalled(
            "AgentMissing",
            f"quiesce: Required, and no guest agent listens in machine {name}: install and start qemu-guest-agent there, or say "
            "quiesce: IfAvailable",
        )
    return None


def _unfit(observed: ObservedSnapshot, name: str) -> Outcome | None:
    """Says what is wrong with the machine's disks."""
    assert observed.domain is not None
    disks = own_disks(observed.domain)
    if not disks:
        return Stalled("NoDisks", f"machine {name} has no disk that it writes to: there is nothing to take a snapshot of")
    for disk, path, format in disks:
        if format != FORMAT:
            return Stalled(
                "FormatUnsupported", f"disks[{disk}] of machine {name} is {format}: only {FORMAT} files hold snapshots"
            )
        if below := observed.overlaid.get(disk):
            return Stalled(
                "ExternalSnapshot",
                f"disks[{disk}] of machine {name} is on {path}, which someone's snapshot laid over {below}: the two kinds of "
                "snapshots are never mixed. Commit that one (see the machine's condition DisksMoved), then this one is taken",
            )
        if path not in observed.tags:
            return Stalled("DiskUnreadable", f"disks[{disk}] of machine {name}: {path} cannot be read as {FORMAT}; put it back")
    return None


def _taken(snapshot: Snapshot, observed: ObservedSnapshot) -> SnapshotPlan:
    machine, domain, spec = observed.machine, observed.domain, snapshot.spec
    assert machine is not None and domain is not None
    again = observed.note is not None
    take = TakeSnapshot(
        uid=snapshot.identity,
        uuid=domain.uuid,
        tag=tag_of(snapshot),
        machine=machine.identity,
        machine_name=machine.metadata.name,
        disks=tuple((name, path) for name, path, _ in own_disks(domain)),
        active=domain.state.active,
        memory=spec.memory,
        quiesce=spec.quiesce.value,
        saved=domain.managed_save,
        reason="an earlier try was cut off" if again else "it is asked for",
    )
    return SnapshotPlan((take,), Waiting(TAKING, f"taking it of machine {machine.metadata.name}"))
