"""What a change of a Disk's spec takes, field by field, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.disk import Disk, DiskFormat
from homeostat.models.quantity import format_quantity

from ..plan import Change, Disruption
from .make import rounded, source_text

LIVE, FORBIDDEN = Disruption.LIVE, Disruption.FORBIDDEN


def classify_disk(before: Disk, after: Disk) -> tuple[Change, ...]:
    """Returns what differs between two specs of one Disk. As long as its file is not there, it may become anything."""
    made = before.status is not None and before.status.virtual_size is not None
    return tuple(_compare(before, after, FORBIDDEN if made else LIVE))


def _compare(before: Disk, after: Disk, once: Disruption) -> Iterator[Change]:
    old, new = before.spec, after.spec
    if old.size != new.size:
        yield Change("size", _size_text(old.size), _size_text(new.size), _of_size(before, after))
    if old.format != new.format:
        yield Change("format", old.format, new.format, once)
    if (was := source_text(before)) != (shall := source_text(after)):
        yield Change("source", was, shall, once)
    if old.reclaim_policy != new.reclaim_policy:
        yield Change("reclaimPolicy", old.reclaim_policy, new.reclaim_policy, LIVE)
    if old.host_selector != new.host_selector:
        yield Change("hostSelector", _labels_text(old.host_selector), _labels_text(new.host_selector), LIVE)


def _of_size(before: Disk, after: Disk) -> Disruption:
    """Returns what another size takes. Without one the disk keeps the size that it has."""
    had = before.status.virtual_size if before.status is not None else None
    if had is None or after.spec.size is None:
        return LIVE
    wanted = rounded(after.spec.size)
    return FORBIDDEN if wanted < had or (wanted > had and after.spec.format is DiskFormat.VMDK) else LIVE


def _size_text(size: int | None) -> str:
    return "as its source" if size is None else format_quantity(size)


def _labels_text(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items())) or "none"
