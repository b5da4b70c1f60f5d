"""Which file a disk of the domain is on now, and what follows. What others did to a disk is never undone blindly.

The snapshot of a backup tool, a block copy, or a person with `virsh edit` puts a disk on another file. That file then holds the
newest data. So the definition keeps the file that the disk is on, and the status says how to bring it back. Where that file is
missing, or nobody can say which file is the newest, nothing is defined. Only a file that the operator itself placed is replaced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from homeostat.models.machine import SEED_NAME, VirtualMachine
from homeostat.models.machine_disks import DiskDevice

from ...actions import Action, NoteMoved
from ...domain import DiskConfig, DomainConfig, MovedDisk
from ...files.disk_file import is_named_disk
from ...observed import Observed, ObservedChain, ObservedDisk, ObservedDomain
from ...plan import Stalled
from ..identity import disk_path, machine_directory, own_disk_path, path_of_ref
from .header import ALTERED

MOVED = "DiskMoved"  # reason: the definition and the running guest differ, or the disk's file cannot be read
MISSING = "DiskMissing"
UNUSABLE = "DiskUnusable"  # reason: it was cut off, or is not what its label says
OVERLAY = "OverlayFound"
OF_FILES = frozenset({MISSING, UNUSABLE, MOVED, OVERLAY, ALTERED})
"""Reasons that somebody takes away by putting files right."""
FILE_POLL_SECONDS = 30.0  # seconds between checks for that: no event tells of it
MOVED_NOTE = "moved.json"  # in the machine's folder
_OWN_FORMAT = "qcow2"


@dataclass(frozen=True, slots=True)
class DiskSource:
    """What the definition is to name. ``active`` is the file that is written to, None where it is our own."""

    path: str
    format: str = _OWN_FORMAT
    active: ObservedDisk | None = None
    on_ours: bool = True  # it is our own file, or an overlay that leads to it
    note: str = ""  # what others did, and how to bring it back; empty: the disk is where the operator placed it


@dataclass(frozen=True, slots=True)
class DiskFiles:
    """The files of one disk: those in the machine's own folder, and those that others put elsewhere. The newest first."""

    inside: tuple[str, ...]
    outside: tuple[str, ...]


def foreign_sources(
    machine: VirtualMachine, domain: ObservedDomain | None, storage_root: str, noted: Sequence[MovedDisk] = ()
) -> tuple[str, ...]:
    """Returns the sources of the domain's disks that are not where the operator places them. For a disk that no domain has, it
    takes the source that was ``noted``. The chains of all of them are to be read."""
    if domain is not None and domain.record is None:
        return ()
    devices = list(_devices(domain)) if domain else []
    own, named = {disk_path(storage_root, machine, disk.name) for disk in machine.spec.disks}, {disk.name for disk in devices}
    found = (disk.source for disk in devices if disk.source and disk.source not in own)
    return tuple(dict.fromkeys((*found, *(moved.source for moved in noted if moved.name not in named))))


def unnamed_disks(machine: VirtualMachine, domain: ObservedDomain | None, storage_root: str) -> tuple[str, ...]:
    """Returns the paths of the machine's disks that no domain has: somebody may have left a newer overlay beside them."""
    named = {disk.name for disk in _devices(domain)} if domain else set()
    return tuple(disk_path(storage_root, machine, d.name) for d in machine.spec.disks if d.type == "disk" and d.name not in named)


def find_source(machine: VirtualMachine, disk: DiskDevice, observed: Observed) -> DiskSource | Stalled:
    """Finds where the contents of one disk are, or says why that cannot be known."""
    own, domain = disk_path(observed.host.storage_root, machine, disk.name), observed.domain
    defined = _device(domain.config, disk.name, own, observed) if domain else None
    runs = _device(domain.live, disk.name, own, observed) if domain and domain.state.active else None
    devices = [device for device in (defined, runs) if device is not None]
    another = [_names_another(machine, disk, own, device, observed) for device in devices]
    if domain is None or all(another):
        return _undefined_source(machine, disk, own, observed)
    mine = [device for device, other in zip(devices, another, strict=True) if not other]
    if all(_is_own(device, own, observed) for device in mine):  # until a restart only one of the two has what the spec names now
        return _own_source(disk, own, mine[0], observed)
    if defined and runs and defined.source != runs.source:
        # The running guest writes to its file. A definition that names the file below it, or our own file, is older.
        if not _is_own(defined, own, observed) and not _leads(runs, defined.source, observed):
            return Stalled(MOVED, _differ_message(domain.name, disk, runs, defined))
        return _follow(domain.name, disk, own, runs, observed)
    return _follow(domain.name, disk, own, devices[0], observed)


def _names_another(machine: VirtualMachine, disk: DiskDevice, own: str, device: DiskConfig, observed: Observed) -> bool:
    """Tells whether the domain has another disk under this name, which the spec named before: its own one, or another Disk."""
    root, chain = observed.host.storage_root, _chain(device, observed)
    files = [file.path for file in chain.files] if chain else []

    def ours(path: str) -> bool:
        return path != own and (is_named_disk(root, path) or path == own_disk_path(root, machine, disk.name))

    return own not in files and any(ours(path) for path in (device.source or "", *files))


def _undefined_source(machine: VirtualMachine, disk: DiskDevice, own: str, observed: Observed) -> DiskSource | Stalled:
    """Finds the source of a disk where no domain names it: the recorded one counts. Stalls where an overlay beside it is not
    recorded: nobody knows then which file is the newest."""
    if observed.storage.moved_problem:
        return Stalled(MOVED, observed.storage.moved_problem)
    overlays = observed.storage.overlays.get(own, ())
    known_as = _noted_as(machine, disk, observed.host.storage_root)
    noted = next((moved for moved in observed.storage.moved if moved.name == known_as), None)
    device = DiskConfig(disk.name, "disk", noted.source, noted.format, "", "TARGET") if noted else None
    chain = _chain(device, observed) if device else None
    known = {file.path for file in chain.files} if chain else set()
    if unknown := tuple(overlay for overlay in overlays if overlay not in known):
        return Stalled(OVERLAY, _overlay_message(disk, own, unknown))
    if device is None:
        return DiskSource(own, _format_of(own, observed))
    found = _follow(machine.metadata.name, disk, own, device, observed)
    if isinstance(found, Stalled) and found.reason != ALTERED:
        note = f"{_noted_in(machine, known_as, observed.host.storage_root)}/{MOVED_NOTE}"
        return Stalled(
            found.reason,
            f"disks[{disk.name}]: someone had put it on {device.source}, which holds the newest data, and that file or what it "
            f"leans on is missing or cannot be read: put it back; only if what was written to it is not needed, delete {note}",
        )
    return found


def moved_disks(machine: VirtualMachine, observed: Observed) -> tuple[MovedDisk, ...]:
    """Returns what is to be recorded in the machine's folder: where others put its disks, as the domain says, or said when it was
    there."""
    root, domain = observed.host.storage_root, observed.domain
    before = {moved.name: moved for moved in observed.storage.moved}
    in_domain = {disk.name for disk in _devices(domain)} if domain else set()
    in_domain |= {_noted_as(machine, disk, root) for disk in machine.spec.disks if disk.name in in_domain}
    found = {name: moved for name, moved in before.items() if name not in in_domain}
    for disk in (*machine.spec.disks, *_leaving(machine, observed)):
        own = disk_path(root, machine, disk.name)
        runs = _device(domain.live, disk.name, own, observed) if domain and domain.state.active else None
        device = runs or (_device(domain.config, disk.name, own, observed) if domain else None)
        if disk.type != "disk" or not device or not device.source or _is_own(device, own, observed):
            continue
        name = _noted_as(machine, disk, root)
        if _names_another(machine, disk, own, device, observed):  # it says nothing of the disk that the spec names now
            found |= {name: before[name]} if name in before else {}
        else:
            found[name] = MovedDisk(name, device.source, device.format)
    return tuple(sorted(found.values(), key=lambda moved: moved.name))


def _leaving(machine: VirtualMachine, observed: Observed) -> Iterator[DiskDevice]:
    """Yields its own disks that left the spec while the domain has them still: each may come back, to where it is now."""
    root, asked = observed.host.storage_root, {disk.name for disk in machine.spec.disks}
    for name in sorted({disk.name for disk in _devices(observed.domain)} - asked) if observed.domain else ():
        if name in observed.storage.reclaimable or own_disk_path(root, machine, name) in observed.storage.disks:
            yield DiskDevice(name=name, size=1)  # some size: it is not asked for


def unknown_moves(machine: VirtualMachine, observed: Observed) -> str:
    """Says why nobody knows where others put some disk: neither the domain nor a record names it. Empty: each is known."""
    named = {disk.name for disk in _devices(observed.domain)} if observed.domain else set()
    asked = {disk.name for disk in machine.spec.disks if disk.type == "disk"} | observed.storage.reclaimable
    return "" if asked <= named else observed.storage.moved_problem


def plan_note(machine: VirtualMachine, observed: Observed) -> list[Action]:
    """Keeps that record right, so that its knowledge stays when the domain goes."""
    moved = moved_disks(machine, observed)
    storage = observed.storage
    if observed.domain is None or unknown_moves(machine, observed) or (moved == storage.moved and not storage.moved_problem):
        return []
    root = observed.host.storage_root
    folders = {_noted_in(machine, disk.name, root): None for disk in (*moved, *storage.moved)}
    if storage.moved_problem:
        folders[machine_directory(root, machine)] = None
    found: list[Action] = []
    for folder in folders:
        now, before = (
            tuple(disk for disk in disks if _noted_in(machine, disk.name, root) == folder) for disks in (moved, storage.moved)
        )
        if now != before or storage.moved_problem:
            found.append(NoteMoved(folder, now, "where others put its disks, should the domain go"))
    return found


def plan_forgotten(machine: VirtualMachine, observed: Observed, names: Collection[str]) -> list[Action]:
    """Takes its own disks out of that record once they are discarded: the trash has it with them, and a new disk of such a name
    has nothing to do with theirs."""
    root = observed.host.storage_root
    folder = machine_directory(root, machine)
    before = {moved.name: moved for moved in observed.storage.moved if _noted_in(machine, moved.name, root) == folder}
    if not before.keys() & set(names):
        return []
    kept = tuple(moved for name, moved in before.items() if name not in names)
    return [NoteMoved(folder, kept, "they went to the trash with where others put them, or are deleted")]


def _noted_as(machine: VirtualMachine, disk: DiskDevice, root: str) -> str:
    """Returns the name by which it is recorded where others put a disk. That of a Disk is its path, as machines may call it by
    different names."""
    return path_of_ref(root, machine, disk.disk_ref) if disk.disk_ref else disk.name


def _noted_in(machine: VirtualMachine, name: str, root: str) -> str:
    """Returns the folder of that record: a Disk has its own, because it outlives the machine."""
    return name.rpartition("/")[0] or machine_directory(root, machine)


def _format_of(own: str, observed: Observed) -> str:
    found = observed.storage.disks.get(own)
    return found.format if found else _OWN_FORMAT


def moved_on_purpose(config: DomainConfig, domain: ObservedDomain | None) -> frozenset[str]:
    """Returns the disks that ``config`` moves to another file, which the operator placed (see ``find_source``)."""
    if domain is None:
        return frozenset()
    now = {disk.name: disk.source for disk in _devices(domain)}  # what runs comes last, so it counts
    return frozenset(d.name for d in config.disks if d.device == "disk" and d.name in now and now[d.name] != d.source)


def files_of(machine: VirtualMachine, disk: DiskDevice, observed: Observed) -> DiskFiles:
    """Returns all files that hold the contents of a disk, without the image it was built on: for a caller that removes the
    disk."""
    root = observed.host.storage_root
    own, folder = disk_path(root, machine, disk.name), machine_directory(root, machine) + "/"
    found: dict[str, None] = {}
    for device in _devices(observed.domain) if observed.domain else ():
        chain = observed.storage.chains.get(device.source or "", ObservedChain())
        if device.name == disk.name or any(file.path == own for file in chain.files):
            found.update(dict.fromkeys(file.path for file in _until_own(chain, own)))
    found.update(dict.fromkeys(observed.storage.overlays.get(own, ())))
    found.pop(own, None)
    if own in observed.storage.disks:
        found[own] = None
    return DiskFiles(tuple(p for p in found if p.startswith(folder)), tuple(p for p in found if not p.startswith(folder)))


def defined_as(machine: VirtualMachine, disk: DiskDevice, observed: Observed) -> DiskConfig | None:
    """Returns the disk in the definition, by its name or its file."""
    own = disk_path(observed.host.storage_root, machine, disk.name)
    return _device(observed.domain.config, disk.name, own, observed) if observed.domain else None


def named_files(domain: ObservedDomain | None) -> tuple[str, ...]:
    """Returns the files that the domain itself puts below its disks. Headers may name only these and our own."""
    return tuple({file.path: None for disk in (_devices(domain) if domain else ()) for file in disk.chain or ()})


def _devices(domain: ObservedDomain) -> Iterator[DiskConfig]:
    for config in (domain.config, domain.live):
        for disk in config.disks if config else ():
            if disk.device == "disk" and disk.name != SEED_NAME:
                yield disk


def _device(config: DomainConfig | None, name: str, own: str, observed: Observed) -> DiskConfig | None:
    """Returns the disk of that name, or the one that others attached by its file, or by an overlay on that file."""
    if config is None:
        return None
    disks = [disk for disk in config.disks if disk.device == "disk"]
    named = next((disk for disk in disks if disk.name == name), None)
    nameless = (disk for disk in disks if disk.name == disk.source and (disk.source == own or _leads(disk, own, observed)))
    return named or next(nameless, None)


def _chain(device: DiskConfig, observed: Observed) -> ObservedChain | None:
    """Returns the chain of a disk. What is read as raw is built on nothing, whatever its first bytes say."""
    chain = observed.storage.chains.get(device.source or "")
    return ObservedChain(chain.files[:1], "" if chain.files else chain.missing) if chain and device.format == "raw" else chain


def _leads(device: DiskConfig, path: str | None, observed: Observed) -> bool:
    chain = _chain(device, observed)
    return chain is not None and any(file.path == path for file in chain.files)


def _is_own(device: DiskConfig, own: str, observed: Observed) -> bool:
    """Tells whether it is our file, by our name or another. Also a file that is gone from a former state folder, and is in
    ours."""
    if device.source == own:
        return True
    chain, source = _chain(device, observed), device.source or ""
    if chain is None:
        return False
    if chain.files:
        return chain.files[0].path == own
    return chain.missing == source and _same_place(source, own, observed) and own in observed.storage.disks


def _same_place(source: str, own: str, observed: Observed) -> bool:
    return source.endswith(own.removeprefix(observed.host.storage_root))


def _until_own(chain: ObservedChain, own: str) -> Iterator[ObservedDisk]:
    """Yields what lies above our own file, and that file. Of a copy elsewhere it yields the first file only: the rest is not the
    machine's."""
    if all(file.path != own for file in chain.files):
        yield from chain.files[:1]
        return
    for file in chain.files:
        yield file
        if file.path == own:
            return


def _own_source(disk: DiskDevice, own: str, device: DiskConfig, observed: Observed) -> DiskSource | Stalled:
    """Returns our own file by the name that the definition has for it, in the format that it has by now."""
    chain = observed.storage.chains.get(device.source or "")
    path = device.source if chain and chain.files and device.source else own
    found = observed.storage.disks.get(own)
    if found is None or found.virtual_size:
        return DiskSource(path, _format_of(own, observed))
    if device.format == "raw":
        note = f"disks[{disk.name}]: {own} is a raw file by now, and is kept so; `qemu-img convert -O qcow2` makes it ours again"
        return DiskSource(path, "raw", ObservedDisk(own, 0, None), note=note)
    return Stalled(
        MISSING,
        f"disks[{disk.name}]: {own} is no qcow2 file any more, and is left alone: shut it down and make it one "
        f"(`qemu-img convert -O qcow2 {own} NEW`, then `mv NEW {own}`), or put it back from a backup",
    )


def _follow(name: str, disk: DiskDevice, own: str, device: DiskConfig, observed: Observed) -> DiskSource | Stalled:
    chain, source = _chain(device, observed), device.source or "nothing"
    if chain is not None and chain.altered:
        return Stalled(ALTERED, f"disks[{disk.name}]: {chain.altered}")
    if chain is None or chain.problem or not (chain.files or chain.missing):
        why = chain.problem if chain and chain.problem else f"{source} cannot be looked at"
        return Stalled(
            MOVED,
            f"disks[{disk.name}]: someone put it on {source}, which holds the newest data, but {why}; the definition is left as "
            f"it is: bring the disk back to {own} (`virsh edit {name}`) once all of its data is there",
        )
    if chain.missing:
        return Stalled(
            MISSING,
            f"disks[{disk.name}]: someone put it on {source}, and {chain.missing} is missing: put that file back; only if what "
            f"was written to it is not needed, `virsh edit {name}` and name {own}",
        )
    active = chain.files[0]
    if any(file.path == own for file in chain.files):
        # Without a base, the commit would go on into the image that other machines use too.
        commit = f"`virsh blockcommit {name} {device.target} --base {own} --active --pivot`"
        note = (
            f"disks[{disk.name}] is on {source}, an overlay that someone made on its own file (a snapshot, most often); that "
            f"holds the newest data and is kept. While it runs, {commit} brings it back"
        )
        return DiskSource(source, device.format, active, note=note)
    note = (
        f"disks[{disk.name}] is on {source}, where someone copied or moved it; that holds the newest data and is kept. "
        f"To bring it back, shut it down, put a qcow2 file of it at {own}, and name that in `virsh edit {name}`"
    )
    return DiskSource(source, device.format, active, on_ours=False, note=note)


def _overlay_message(disk: DiskDevice, own: str, overlays: tuple[str, ...]) -> str:
    return (
        f"disks[{disk.name}]: {', '.join(overlays)} leans on {own}, holds newer data, and no domain names it: "
        f"`qemu-img commit {overlays[0]}` and then delete it, or delete it at once if what it holds is not needed"
    )


def _differ_message(name: str, disk: DiskDevice, runs: DiskConfig, defined: DiskConfig) -> str:
    return (
        f"disks[{disk.name}]: the running guest writes to {runs.source}, but someone put {defined.source} into the definition, "
        f"so that the next start lacks what is written now; the definition is left as it is: `virsh edit {name}`, and name "
        f"{runs.source}, or shut it down and bring the data over"
    )
