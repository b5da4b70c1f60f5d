"""Gathers what a plan for one Disk rests on. It only reads, but for claims, which it renews."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

from homeostat.models.base import Key, ObjectMeta
from homeostat.models.disk import Disk, SnapshotDiskRef
from homeostat.models.image_source import ImageSource
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.machine import UpdatePolicy, VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.snapshot import Snapshot
from homeostat.planner.disk.observed import DiskHolder, DiskSeen
from homeostat.planner.domain import DiskConfig, DomainConfig
from homeostat.planner.files.disk_file import disk_folder, named_disk_path
from homeostat.planner.machine.storage.storage import image_ref
from homeostat.planner.observed import ObservedDisk, ObservedDomain, ObservedStorage
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.snapshot.observed import tag_of

from ..engine.ports import ResourceAccess
from ..hypervisor import Domains, HostDriver
from ..machine.claims import Claims
from ..machine.effective import Effective, Lookup
from ..machine.images import ImageUse
from ..machine.observe import by_real_paths
from .circle import in_a_circle
from .users import users_of

NOT_READY = "DiskNotReady"
SNAPSHOT_POLL = 5.0  # seconds


async def observe_disk(disk: Disk, host: HostDriver, store: ResourceAccess, images: ImageUse, claims: Claims) -> DiskSeen:
    """Observes a Disk. Records in ``images`` the image that it names."""
    facts, meta = host.facts, disk.metadata
    path, folder = (make(facts.storage_root, meta.namespace, meta.name) for make in (named_disk_path, disk_folder))
    image, image_problem = await _image_of(disk, store)
    refs = (image_ref(image),) if image is not None and not image.is_open else ()
    images.note(disk.key, refs, also=(path,))
    if not facts.reachable or not facts.storage_root:
        return DiskSeen(facts, path)
    named, copy = await host.named_disk(folder)
    if copy is None or copy.error:
        claims.release(disk.key)  # of a copy that has ended
    storage = await host.storage(refs, (path,), (), folder)
    seen = DiskSeen(
        facts, path, named, storage, copy,
        users=tuple(f"{kind_of(STORED[user.kind]).noun}/{user.name}" for user in await users_of(store, disk.key)),
        holder=await _holder(disk, _files(path, storage), folder, host, store),
        image=image,
        image_problem=image_problem,
        busy=_busy(disk, claims, path) or _not_known(host),
    )  # fmt: skip
    return await _with_origin(disk, seen, host, store, claims)


async def _image_of(disk: Disk, store: Lookup) -> tuple[ImageSource | None, Waiting | Stalled | None]:
    """Returns the image that it is made from, with the file that an Image stands for, or why that is not known. It is what a new
    machine would get."""
    source, meta = disk.spec.source, disk.metadata
    if source is None or source.image is None:
        return None, None
    like = VirtualMachineSpec(disks=(DiskDevice(name="disk", image=source.image),))
    metadata = ObjectMeta(name=meta.name, namespace=meta.namespace)
    made, refusal = await Effective(store).whole(VirtualMachine(metadata=metadata, spec=like), new=True)
    return made.spec.disks[0].image, refusal


def _busy(disk: Disk, claims: Claims, path: str) -> str:
    return next((f"Disk {key.name} is copied from it" for key in claims.borrowers(path) if key != disk.key), "")


def _not_known(host: HostDriver) -> str:
    """Says of which machine it is not known now what its domain has. It may have any Disk."""
    for domain in host.domains():
        if domain.record is not None and (domain.config is None or (domain.state.active and domain.live is None)):
            return f"what machine {domain.record.name} has is not known yet"
    return ""


def _files(path: str, storage: ObservedStorage) -> Set[str]:
    """Returns the file of a Disk, and the one that others put it on."""
    return {path, *(moved.source for moved in storage.moved)}


async def _holder(disk: Disk, files: Set[str], folder: str, host: HostDriver, store: ResourceAccess) -> DiskHolder | None:
    """Returns the machine whose domain has one of the files, or an overlay on it. One that runs counts before one that is
    defined, or that goes on with it and its saved memory."""
    found: list[tuple[ObservedDomain, DiskConfig | None, DiskConfig | None]] = []
    for known in host.domains():
        domain = by_real_paths(known, host.facts.storage_root)
        runs = _device(domain.live if domain.state.active else None, files, folder)
        defined = _device(domain.config, files, folder) or _device(domain.saved, files, folder)
        if runs is not None or defined is not None:
            found.append((domain, runs, defined))
    if not found:
        return None
    domain, runs, defined = max(found, key=lambda one: (one[1] is not None, one[0].state.active))
    device = runs or defined
    assert device is not None
    record = domain.record
    machine = record.name if record else domain.name
    stays = ""
    if record is not None:
        machine = record.name if record.namespace == disk.metadata.namespace else f"{record.namespace}/{record.name}"
        resource = await store.get(VirtualMachine, Key(VirtualMachine.KIND, record.namespace, record.name))
        stays = _stays(resource) if resource is not None else ""
    return DiskHolder(
        machine, domain.uuid, domain.state.active, domain.managed_save, device.source or "", runs.target if runs else "", stays
    )


def has_disk(host: Domains, path: str, folder: str) -> bool:
    """Tells whether a domain of the host has the file of a Disk, or an overlay on it."""
    for known in host.domains():
        domain = by_real_paths(known, host.facts.storage_root)
        if any(_device(config, {path}, folder) is not None for config in domain.configs):
            return True
    return False


def _stays(machine: VirtualMachine) -> str:
    if machine.spec.suspend:
        return f"machine {machine.metadata.name} is suspended, and left as it is"
    if machine.spec.update_policy is UpdatePolicy.NEVER:
        return f"machine {machine.metadata.name} has updatePolicy: Never, and nothing of it changes while it runs"
    return ""


def _device(config: DomainConfig | None, files: Set[str], folder: str) -> DiskConfig | None:
    disks: Iterable[DiskConfig] = config.disks if config else ()
    for disk in disks:
        has = (disk.source, *(file.path for file in disk.chain or ()))
        if not files.isdisjoint(has) or (disk.source or "").startswith(f"{folder}/"):
            return disk
    return None


async def _with_origin(disk: Disk, seen: DiskSeen, host: HostDriver, store: ResourceAccess, claims: Claims) -> DiskSeen:
    """Adds the Disk that it is to be a copy of, as long as it is not there itself."""
    source = disk.spec.source
    if source is None or seen.named.file is not None or disk.deleting:
        return seen
    if source.snapshot_ref is not None:
        return await _with_snapshot(disk, source.snapshot_ref, seen, host, store)
    if source.disk_ref is None:
        return seen
    name, namespace = source.disk_ref.name, disk.metadata.namespace
    origin = await store.get(Disk, Key(Disk.KIND, namespace, name))
    if origin is None or origin.deleting:
        why = "is being deleted" if origin is not None else f"is not in namespace {namespace}"
        return replace(seen, origin_problem=Waiting(NOT_READY, f"spec.source.diskRef: Disk {name} {why}: name another one"))
    root = host.facts.storage_root
    path, folder = named_disk_path(root, namespace, name), disk_folder(root, namespace, name)
    named, _ = await host.named_disk(folder)
    if named.file is None and (circle := await in_a_circle(disk, store)) is not None:
        return replace(seen, origin_problem=circle)
    if named.file is None or named.problem or named.label is None or not named.label.made:
        why = named.problem or "is not there yet"
        return replace(seen, origin_problem=Waiting(NOT_READY, f"spec.source.diskRef: Disk {name} {why}"))
    if unknown := _not_known(host):
        return replace(seen, origin_problem=Waiting("SourceInUse", f"spec.source.diskRef: {unknown}", 10.0))
    if in_use := await _in_use(origin, path, folder, host, store):
        return replace(seen, origin_problem=Waiting("SourceInUse", f"spec.source.diskRef: {in_use}", 10.0))
    return replace(seen, origin=named.file)


async def _in_use(origin: Disk, path: str, folder: str, host: HostDriver, store: ResourceAccess) -> str:
    """Says why a copy of the file of a Disk would not be all of it, as of now; empty: it would."""
    storage = await host.storage((), (path,), (), folder)
    holder = await _holder(origin, _files(path, storage), folder, host, store)
    if holder is not None and holder.active:
        return f"machine {holder.machine} runs with it, and a copy would not be whole: stop that machine"
    if holder is not None and holder.saved:
        return f"machine {holder.machine} is saved with it, and a copy would not be whole: start that machine, and stop it"
    noted = [moved.source for moved in storage.moved]
    source = next((source for source in (holder.source if holder else path, *noted) if source != path), "")
    if source:
        return f"someone put Disk {origin.metadata.name} on {source}, which holds the newest data: bring it back first"
    return storage.moved_problem


async def _with_snapshot(disk: Disk, ref: SnapshotDiskRef, seen: DiskSeen, host: HostDriver, store: ResourceAccess) -> DiskSeen:
    """Adds the disk in a snapshot that it is to be a copy of."""
    snapshot = await store.get(Snapshot, Key(Snapshot.KIND, disk.metadata.namespace, ref.name))

    def waiting(why: str) -> DiskSeen:
        problem = Waiting(NOT_READY, f"spec.source.snapshotRef: Snapshot {ref.name} {why}", SNAPSHOT_POLL)
        return replace(seen, origin_problem=problem)

    if snapshot is None or snapshot.deleting:
        gone = "is being deleted" if snapshot is not None else f"is not in namespace {disk.metadata.namespace}"
        return waiting(f"{gone}: name another one")
    note = await host.snapshot_note(snapshot.identity)
    if note is None or not note.complete:
        return waiting(f"is not taken on host {seen.host.name}")
    path = dict(note.disks).get(ref.disk)
    if path is None:
        return waiting(f"has no disk {ref.disk!r}: it has {', '.join(name for name, _ in note.disks)}")
    tag = tag_of(snapshot)
    found = next((one for one in (await host.snapshot_tags([path])).get(path, ()) if one.tag == tag), None)
    if found is None:
        return waiting(f"is not in {path} any more")
    return replace(seen, origin=ObservedDisk(path, found.copied_size, None), origin_tag=tag)
