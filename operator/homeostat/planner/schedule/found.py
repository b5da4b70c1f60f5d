"""The snapshots of a schedule that its store has lost, and that are still in the disks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import MachineRef, Snapshot

from ..files.disk_tag import OURS, DiskTag
from ..files.snapshot_note import SnapshotNote
from ..machine.identity import digest
from .plan import NAME_MAX, snapshot_of

_TIME = "%Y%m%d-%H%M"


def found_again(
    schedule: SnapshotSchedule, lost: Iterable[SnapshotNote], tags: Mapping[str, Sequence[DiskTag]]
) -> list[Snapshot]:
    """Returns the Snapshots to make again, oldest first: those that are noted down as taken and in whose disks is a tag with the
    schedule's name. ``lost``: notes of which the store has no Snapshot. ``tags``: by the path of the disk."""
    found = dict[str, Snapshot]()
    for note in lost:
        if note.complete:
            held = (tag.tag for _, path in note.disks for tag in tags.get(path, ()))
            found |= {made.metadata.name: made for tag in held if (made := _made_again(schedule, note, tag)) is not None}
    return sorted(found.values(), key=lambda snapshot: snapshot.metadata.name)


def _made_again(schedule: SnapshotSchedule, note: SnapshotNote, tag: str) -> Snapshot | None:
    """Returns the Snapshot of a tag. None: the tag is of another schedule, or of another snapshot than the note."""
    meta = schedule.metadata
    begins = re.escape(f"{OURS}{meta.namespace}-")
    name = re.fullmatch(rf"{begins}({re.escape(meta.name[:NAME_MAX])}-(\d{{8}}-\d{{4}}))-{digest(note.uid)}", tag)
    if name is None:
        return None
    try:
        due = datetime.strptime(name[2], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    made = snapshot_of(schedule, name[1], due)
    of_then = {"machine_ref": MachineRef(name=note.machine_name), "memory": note.memory}
    return made.model_copy(update={"spec": made.spec.model_copy(update=of_then)})
