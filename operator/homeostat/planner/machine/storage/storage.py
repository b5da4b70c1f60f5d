"""The storage of one machine: which images, disks and seed it needs, and the actions that provide them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from homeostat.models.image import boot_sources, disk_sources
from homeostat.models.image_source import ImageSource
from homeostat.models.machine import UpdatePolicy, VirtualMachine
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.quantity import format_quantity

from ...actions import Action, CopyBoot, CreateDisk, FetchImage, GrowDisk, ImageRef, TakeBack, WriteSeed
from ...domain import BOOT_COPY, DiskConfig
from ...observed import ImagePhase, Observed, ObservedDisk, ObservedDomain, ObservedImage
from ...plan import Change, Disruption, Outcome, Stalled, Waiting
from ..identity import disk_path, domain_uuid, machine_directory
from .disk_source import UNUSABLE, DiskSource, defined_as, find_source, plan_note
from .header import altered
from .named_disk import plan_named
from .reclaim import plan_departed
from .seed import seed_files, seed_path
from .trashed import from_trash, stays_in_trash

IMAGE_CHANGED = "ImageChanged"  # reason
SECTOR = 512  # bytes; sizes of disks are multiples of it


@dataclass(frozen=True, slots=True)
class StorageNeeds:
    """What to observe before planning."""

    images: tuple[ImageRef, ...]
    disks: tuple[str, ...]  # paths
    seeds: tuple[str, ...]  # paths
    boots: Mapping[str, ImageRef]  # by the path of the machine's own copy of a kernel or initramfs
    directory: str


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """``blocker`` says why the definition cannot be built yet; None: everything is there or will be by these actions."""

    actions: tuple[Action, ...]
    changes: tuple[Change, ...]
    pending: tuple[Change, ...]  # wait until the machine is off
    blocker: Outcome | None
    moved: tuple[str, ...] = ()  # what others did to disks, and how to bring them back
    aside: tuple[str, ...] = ()  # which disks stay in the trash though the machine is back, and how to have them


def image_ref(source: ImageSource) -> ImageRef:
    """Returns the file of a source that is not open."""
    url = source.url or PurePosixPath(source.path or "").as_uri()
    name = source.image_ref.name if source.image_ref else ""
    return ImageRef(url, source.sha256, source.format.value if source.format else None, name)


def boot_ref(source: ImageSource) -> ImageRef:
    """Returns a kernel or initramfs as an image, taken as it is: a compressed one is no disk image and need not be one."""
    return replace(image_ref(source), format="raw")


def _images(machine: VirtualMachine) -> Iterator[ImageRef]:
    yield from (boot_ref(source) for source in boot_sources(machine.spec) if not source.is_open)
    yield from (image_ref(source) for source in disk_sources(machine.spec) if not source.is_open)


def storage_needs(machine: VirtualMachine, storage_root: str) -> StorageNeeds:
    seed, directory = seed_path(storage_root, machine), machine_directory(storage_root, machine)
    boots = [boot_ref(source) for source in boot_sources(machine.spec) if not source.is_open]
    return StorageNeeds(
        images=tuple(dict.fromkeys(_images(machine))),
        disks=tuple(disk_path(storage_root, machine, d.name) for d in machine.spec.disks if d.type == "disk"),
        seeds=(seed,) if seed else (),
        boots={f"{directory}/{BOOT_COPY}{ref.file_name}": ref for ref in boots},
        directory=directory,
    )


def _disk_elsewhere(machine: VirtualMachine, observed: Observed) -> Stalled | None:
    """Says that the domain's own disk lies in another state folder, where another operator made it. A new disk would be empty."""
    root = observed.host.storage_root
    configs = observed.domain.configs if observed.domain else ()
    sources = {disk.source for config in configs for disk in config.disks if disk.source}
    for disk in machine.spec.disks:
        path = disk_path(root, machine, disk.name)
        if disk.type != "disk" or path in observed.storage.disks or path in sources:
            continue
        for source in sorted(sources):
            if source.endswith(path.removeprefix(root)):
                other = source.removesuffix(path.removeprefix(root))
                return Stalled(
                    "OtherStateFolder",
                    f"disks[{disk.name}]: the domain uses {source}, but this operator keeps disks in {root}, and has none of it: "
                    f"run the operator with --state {other}, or move {machine_directory(other, machine)} to {root}/machines",
                )
    return None


def plan_storage(machine: VirtualMachine, observed: Observed) -> StoragePlan:
    root = observed.host.storage_root
    needs = storage_needs(machine, root)
    if (elsewhere := _disk_elsewhere(machine, observed)) is not None:
        return StoragePlan((), (), (), elsewhere)
    fetches, blocker = plan_images(needs.images, observed)
    if blocker is not None:
        return StoragePlan(tuple(fetches), (), (), blocker)
    actions: list[Action] = []
    changes: list[Change] = []
    pending: list[Change] = []
    moved: list[str] = []
    for disk in machine.spec.disks:
        if disk.type != "disk":
            continue
        source = find_source(machine, disk, observed)
        if isinstance(source, Stalled):
            blocker = blocker or source
            continue
        moved += [source.note] if source.note else []
        if disk.disk_ref is not None:
            defined = defined_as(machine, disk, observed)
            blocker = blocker or plan_named(machine, disk, disk.disk_ref, source, defined, observed)
            continue
        blocker = blocker or _plan_disk(machine, disk, source, observed, actions, changes, pending)
    for seed in needs.seeds:
        if seed not in observed.storage.seeds:
            actions.append(WriteSeed(seed, seed_files(machine), "cloud-init seed for this user-data"))
    actions += _copy_boots(needs, observed)
    if any(isinstance(action, TakeBack) for action in actions):  # its size, and overlays on it, are observed then
        blocker = blocker or Waiting("Reconciling", "taking disks back from the trash")
    actions += plan_note(machine, observed)
    actions += plan_departed(machine, observed)
    return StoragePlan(tuple(actions), tuple(changes), tuple(pending), blocker, tuple(moved), _aside(machine, observed))


def _copy_boots(needs: StorageNeeds, observed: Observed) -> Iterator[CopyBoot]:
    """Yields the copies to make. Only where libvirt gives files to QEMU's user: shared files must not be among them."""
    domain = observed.domain
    kernels = [config.kernel for config in domain.configs if config.kernel] if domain else []
    defined = {boot.given(path) for boot in kernels for path in (boot.kernel, boot.initramfs) if path}
    for path, ref in needs.boots.items() if observed.host.relabels else ():
        if path not in observed.storage.seeds:
            image, keep = observed.storage.images[ref.key].path or "", tuple(sorted({*needs.boots, *defined}))
            yield CopyBoot(path, image, "libvirt gives it to QEMU's user, and the image is shared", keep)


def _aside(machine: VirtualMachine, observed: Observed) -> tuple[str, ...]:
    """Returns sentences on the disks whose place is taken."""
    root, found = observed.host.storage_root, []
    for disk in machine.spec.disks if observed.storage.trash else ():
        if disk.type == "disk" and not disk.disk_ref and disk_path(root, machine, disk.name) in observed.storage.disks:
            base = observed.storage.images[image_ref(disk.image).key] if disk.image else None
            found.append(stays_in_trash(machine, disk, observed, base, _wanted_size(disk, base)))
    return tuple(filter(None, found))


def _wanted_size(disk: DiskDevice, base: ObservedImage | None) -> int:
    return -(-(disk.size or (base.virtual_size if base else 0)) // SECTOR) * SECTOR  # as qemu-img makes it


def plan_images(refs: Sequence[ImageRef], observed: Observed) -> tuple[list[Action], Outcome | None]:
    """Returns what to fetch, and what is waited for; None: every image is there."""
    actions: list[Action] = []
    blocker: Outcome | None = None
    for ref in refs:
        image = observed.storage.images.get(ref.key, ObservedImage(ImagePhase.MISSING))
        match image.phase:
            case ImagePhase.READY:
                continue
            case ImagePhase.MISSING:
                actions.append(FetchImage(ref, "not in the image cache yet"))
                blocker = blocker or Waiting("ImageFetching", f"fetching {ref.label}")
            case ImagePhase.QUEUED:
                behind = f", behind {' and '.join(image.behind)}" if image.behind else ""
                blocker = blocker or Waiting("ImageQueued", f"{ref.label} waits for its turn to be fetched{behind}")
            case ImagePhase.FETCHING:
                # While it is tried again, the last error stays until data arrives.
                again = image.error and not image.fetched
                fetching = Waiting("ImageFetching", f"fetching {ref.label}: {_progress(image)}")
                blocker = blocker or (Waiting("ImageFailed", image.error, after=30) if again else fetching)
            case ImagePhase.FAILED if image.permanent:
                return [], Stalled(IMAGE_CHANGED if image.changed else "ImageFailed", image.error)
            case ImagePhase.FAILED:  # the cache says MISSING again once it is time for another try
                blocker = blocker or Waiting("ImageFailed", image.error, after=30)
    return actions, blocker


def _progress(image: ObservedImage) -> str:
    if image.total:
        return f"{image.fetched * 100 // image.total} % of {_size(image.total)}"
    return f"{_size(image.fetched)} so far"


def _size(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{-(-size // 1024)} KiB"


def _plan_disk(
    machine: VirtualMachine,
    disk: DiskDevice,
    source: DiskSource,
    observed: Observed,
    actions: list[Action],
    changes: list[Change],
    pending: list[Change],
) -> Outcome | None:
    path = disk_path(observed.host.storage_root, machine, disk.name)
    base = observed.storage.images[image_ref(disk.image).key] if disk.image else None
    smallest = base.virtual_size if base else 0
    if disk.size is not None and disk.size < smallest:
        return Stalled(
            "DiskTooSmall",
            f"disks[{disk.name}].size is {format_quantity(disk.size)}, but its image needs {format_quantity(smallest)}: "
            "make the size at least that, or leave it out",
        )
    size = _wanted_size(disk, base)
    found = observed.storage.disks.get(path)
    if found is None and source.on_ours:
        if (back := from_trash(machine, disk, observed, base, size)) is not None:
            actions.append(back)
            return None
        if _defined_with(observed.domain, path):
            return Stalled("DiskMissing", f"the file {path} has vanished: put it back, or delete the machine to start anew")
        reason = f"overlay on {base.path}" if base else f"blank disk of {format_quantity(size)}"
        aside = stays_in_trash(machine, disk, observed, base, size)
        actions.append(CreateDisk(path, disk.size, base.path if base else None, base.format if base else None, reason, aside))
        return None
    if found is not None and source.on_ours and found.problem and not _runs(observed):  # a guest that has it open goes on
        return Stalled(UNUSABLE, f"disks[{disk.name}]: {found.problem}, or delete the machine to start anew")
    defined = defined_as(machine, disk, observed)
    if found is not None and source.on_ours and (forged := _forged(disk, found, base, defined, observed)):
        return forged
    if found is not None and source.on_ours and (other := _built_on_another(disk, found, base, changes)):
        return other
    active = source.active or found
    if active is None or not active.virtual_size:  # another format has its size elsewhere
        return None
    field = f"disks[{disk.name}]"
    old, new = format_quantity(active.virtual_size), format_quantity(size)
    if size < active.virtual_size and disk.size is not None:
        changes.append(Change(f"{field}.size", old, new, Disruption.FORBIDDEN))
        return Stalled("DiskShrink", f"{field}.size: a disk cannot shrink from {old} to {new}; make the size {old} or larger")
    if size > active.virtual_size:
        grow = _plan_growth(machine, observed, source, size)
        growth = Change(f"{field}.size", old, new, Disruption.LIVE)
        if grow is None:
            pending.append(replace(growth, disruption=Disruption.NEEDS_RESTART))
        else:
            changes.append(growth)
            actions.append(grow)
    return None


def _forged(
    disk: DiskDevice, found: ObservedDisk, base: ObservedImage | None, defined: DiskConfig | None, observed: Observed
) -> Stalled | None:
    return altered(disk.name, found, base.path if base else None, defined, observed.host.storage_root)


def _built_on_another(disk: DiskDevice, found: ObservedDisk, base: ObservedImage | None, changes: list[Change]) -> Stalled | None:
    if found.backing == (base.path if base else None) or not found.virtual_size:
        return None
    field = f"disks[{disk.name}].image"
    built_on = found.origin or found.backing or "none"
    wanted = image_ref(disk.image).url if disk.image else "none"
    changes.append(Change(field, built_on, wanted, Disruption.NEEDS_REPLACE))
    if found.backing is None:
        return Stalled(
            "ReplaceRequired",
            f"{field}: the disk leans on no image, as it was made blank, or was flattened (virsh blockpull, qemu-img rebase), "
            "and is kept as it is; give it a size instead of an image in the spec, or another name to start from the image",
        )
    return Stalled(
        "ReplaceRequired",
        f"{field}: the disk was built on another image ({built_on}) and is kept as it is; restore the "
        f"former image in the spec, or give the disk another name to start from the new one",
    )


def _plan_growth(machine: VirtualMachine, observed: Observed, source: DiskSource, size: int) -> GrowDisk | None:
    """Returns the growth of a disk; None: not as the machine is now. A disk that others put on another file grows only while it
    runs, because libvirt knows that file. So does one whose machine is saved: its guest would never hear of it."""
    domain, uuid, reason = observed.domain, domain_uuid(machine.identity), "its size in the spec grew"
    if domain is None or not domain.state.active:
        saved = domain is not None and domain.managed_save
        return None if source.active or saved else GrowDisk(uuid, source.path, size, None, reason)
    if machine.spec.update_policy is UpdatePolicy.NEVER or domain.live is None:
        return None
    target = next((d.target for d in domain.live.disks if d.source == source.path), None)
    return None if source.active and target is None else GrowDisk(uuid, source.path, size, target, reason)


def _runs(observed: Observed) -> bool:
    return observed.domain is not None and observed.domain.state.active


def _defined_with(domain: ObservedDomain | None, path: str) -> bool:
    return bool(domain and domain.config and any(d.source == path for d in domain.config.disks))
