"""How a Disk comes to be: blank, on an image, as a copy of an image or of another Disk, or back from the trash."""

from __future__ import annotations

from homeostat.models.condition import READY, find_condition
from homeostat.models.disk import Disk, DiskFormat
from homeostat.models.quantity import format_quantity

from ..actions import Action, CopyDisk, CreateDisk, LabelDisk, TakeBack
from ..domain import BackingFile, MovedDisk
from ..files.disk_file import DiskLabel
from ..files.trash import TrashedDisk, TrashEntry, returning
from ..machine.host.fit import unselected
from ..machine.storage.disk_source import MISSING
from ..machine.storage.storage import SECTOR, image_ref, plan_images
from ..observed import Observed
from ..plan import Outcome, Plan, Stalled, Waiting
from .observed import DiskSeen

RETRY = 30.0  # seconds until a copy that failed is tried again


def source_text(disk: Disk) -> str:
    """Returns what it is made from, in one line that is equal for equal sources."""
    source = disk.spec.source
    if source is None or source.blank is not None:
        return "blank"
    if source.disk_ref is not None:
        return f"Disk {source.disk_ref.name}"
    if source.snapshot_ref is not None:
        return f"disk {source.snapshot_ref.disk} in Snapshot {source.snapshot_ref.name}"
    assert source.image is not None
    if source.image.image_ref is not None:  # which never stands for another file
        return f"Image {source.image.image_ref.name}"
    ref = image_ref(source.image)
    return " ".join(filter(None, (f"image {ref.url}", f"sha256:{ref.sha256}" if ref.sha256 else "", ref.format or "")))


def label_of(disk: Disk, base: BackingFile | None, *, made: bool, retained: str = "") -> DiskLabel:
    meta = disk.metadata
    return DiskLabel(meta.namespace, meta.name, disk.identity, disk.spec.format.value, source_text(disk), base, made, retained)


def plan_making(disk: Disk, seen: DiskSeen) -> Plan:
    label = seen.named.label
    if seen.copy is not None and not seen.copy.error:
        return Plan(outcome=Waiting("Copying", f"copying {source_text(disk)}: {_written(seen.copy.written)} so far", after=2.0))
    back = _from_trash(disk, seen) if seen.holder is None else None
    if back is None and (seen.holder is not None or (label is not None and label.made)):
        who = f", and machine {seen.holder.machine} has it" if seen.holder else ""
        mend = f"put it back, or delete the Disk, and {seen.path.rpartition('/')[0]} by hand, to begin with another one"
        return Plan(outcome=Stalled(MISSING, f"the file {seen.path} has vanished{who}: {mend}"))
    if back is None and label is None and _was_there(disk, seen):
        folder = seen.path.rpartition("/")[0]
        mend = "is its file system mounted? Put it back, or delete the Disk, to begin with another one"
        return Plan(outcome=Stalled(MISSING, f"the folder {folder} has vanished: {mend}"))
    if seen.copy is not None:
        failed = Stalled("CopyFailed", seen.copy.error) if seen.copy.refused else Waiting("CopyFailed", seen.copy.error, RETRY)
        return Plan(outcome=failed)
    if back is not None:
        return back
    if elsewhere := unselected(disk, seen.host):
        return Plan(outcome=elsewhere)
    source = disk.spec.source
    if source is not None and (source.disk_ref is not None or source.snapshot_ref is not None):
        return _copy_of_disk(disk, source_text(disk), seen)
    if source is not None and source.image is not None:
        return _of_image(disk, seen)
    size = rounded(disk.spec.size)
    reason = f"blank disk of {format_quantity(size)}"
    return _made(disk, seen, None, CreateDisk(seen.path, size, None, None, reason, label=label_of(disk, None, made=False)))


def _was_there(disk: Disk, seen: DiskSeen) -> bool:
    """Tells whether its status says that it was there: its whole folder may be gone, with the label."""
    status = disk.status
    if status is None:
        return False
    ready = find_condition(status.conditions, READY)
    missed = ready is not None and ready.reason == MISSING  # whatever was observed since
    return missed or (status.path is not None and status.host == seen.host.name)


def _of_image(disk: Disk, seen: DiskSeen) -> Plan:
    if seen.image_problem is not None or seen.image is None:
        return Plan(outcome=seen.image_problem or Waiting("ImageFetching", "its image is not known yet"))
    ref = image_ref(seen.image)
    fetches, blocker = plan_images([ref], Observed(seen.host, None, storage=seen.storage))
    if blocker is not None:
        return Plan(tuple(fetches), blocker)
    image = seen.storage.images[ref.key]
    if small := _too_small(disk, image.virtual_size, "its image"):
        return Plan(outcome=small)
    path, size = image.path or "", max(rounded(disk.spec.size), image.virtual_size)
    if disk.spec.format is DiskFormat.QCOW2:
        base = BackingFile(path, image.format)
        label = label_of(disk, base, made=False)
        return _made(
            disk, seen, base, CreateDisk(seen.path, disk.spec.size, path, image.format, f"overlay on {path}", label=label)
        )
    label = label_of(disk, None, made=False)
    return _made(disk, seen, None, CopyDisk(seen.path, size, path, image.format, label, f"copy of {ref.url}"))


def _copy_of_disk(disk: Disk, what: str, seen: DiskSeen) -> Plan:
    origin = seen.origin
    if seen.origin_problem is not None:
        return Plan(outcome=seen.origin_problem)
    assert origin is not None
    if small := _too_small(disk, origin.virtual_size, what):
        return Plan(outcome=small)
    size, label = max(rounded(disk.spec.size), origin.virtual_size), label_of(disk, None, made=False)
    return _made(
        disk, seen, None, CopyDisk(seen.path, size, origin.path, origin.format, label, f"copy of {what}", seen.origin_tag)
    )


def _made(disk: Disk, seen: DiskSeen, base: BackingFile | None, action: CreateDisk | CopyDisk) -> Plan:
    """Writes the label first: a file without one is nobody's."""
    label = label_of(disk, base, made=False)
    first: tuple[Action, ...] = ()
    if seen.named.label != label:
        first = (LabelDisk(seen.path, label, "what its file will be"),)
    return Plan((*first, action), Waiting("Creating", action.reason))


def _from_trash(disk: Disk, seen: DiskSeen) -> Plan | None:
    """Takes the disk back that was set aside when a Disk of this identity was deleted. One that the spec could not have stays."""
    found = returning(seen.storage.trash, disk.identity, disk.metadata.name)
    if found is None or (label := found[0].label) is None:
        return None
    entry, trashed = found
    if misfit := _misfit(disk, label, trashed):
        why = f"the trash has this Disk as it was ({entry.entry}), {misfit}: put the spec back as it was, or erase that entry"
        return Plan(outcome=Stalled("StaysInTrash", f"{why} (`homeostat trash empty {entry.entry}`) to have a new one"))
    moved = MovedDisk(seen.path, trashed.source, trashed.source_format) if trashed.source else None
    back = label_of(disk, label.base, made=True)
    return Plan((_taken(seen, entry, trashed, moved, back),), Waiting("Reconciling", "taking it back from the trash"))


def _taken(seen: DiskSeen, entry: TrashEntry, disk: TrashedDisk, moved: MovedDisk | None, label: DiskLabel) -> TakeBack:
    return TakeBack(entry.entry, disk.name, seen.path, f"it was set aside on {entry.since}: {entry.reason}", moved, label)


def _misfit(disk: Disk, label: DiskLabel, trashed: TrashedDisk) -> str:
    if label.format != disk.spec.format:
        return f"as {label.format}, and the spec says {disk.spec.format}"
    if label.source != source_text(disk):
        return f"made from {label.source}, and the spec says {source_text(disk)}"
    if disk.spec.size is not None and trashed.virtual_size > rounded(disk.spec.size):
        return f"with {format_quantity(trashed.virtual_size)}, and the spec says {format_quantity(disk.spec.size)}"
    return ""


def _too_small(disk: Disk, needed: int, what: str) -> Outcome | None:
    size = disk.spec.size
    if size is None or rounded(size) >= needed:
        return None
    words = f"spec.size is {format_quantity(size)}, but {what} needs {format_quantity(needed)}"
    return Stalled("DiskTooSmall", f"{words}: make it at least that, or leave it out")


def rounded(size: int | None) -> int:
    """Returns the size that qemu-img makes of it; 0: that of its source."""
    return -(-(size or 0) // SECTOR) * SECTOR


def _written(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
