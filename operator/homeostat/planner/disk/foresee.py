"""What `up` will do to one Disk: each plan is carried out in thought, and the next one is made from the result. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from homeostat.models.disk import Disk

from .. import actions as act
from ..actions import Action
from ..observed import ImagePhase, ObservedDisk, ObservedImage
from ..plan import Plan
from .observed import DiskSeen, NamedDisk
from .plan import plan_disk

ROUNDS = 6  # more than any Disk takes


def foresee_disk(disk: Disk, seen: DiskSeen, fetched: Mapping[str, ObservedImage]) -> tuple[Plan, DiskSeen]:
    """Returns all steps from what was observed to their end, as one plan, and what will be observed then. ``fetched``: what each
    image will be once it is fetched, by ImageRef.key."""
    plans: list[Plan] = []
    for _ in range(ROUNDS):
        plan = plan_disk(disk, seen)
        if any(plan.actions == earlier.actions for earlier in plans):
            break  # it is at rest, has gone, or waits for something that is not known here
        plans.append(plan)
        if not any(isinstance(action, act.ReleaseResource) for action in plan.actions):
            for action in plan.actions:
                seen = after(action, seen, fetched)
    changes = dict.fromkeys(change for plan in plans for change in plan.changes)
    return replace(plans[-1], actions=tuple(a for plan in plans for a in plan.actions), changes=tuple(changes)), seen


def after(action: Action, seen: DiskSeen, fetched: Mapping[str, ObservedImage]) -> DiskSeen:
    """Returns what will be observed once the action is carried out."""
    named = seen.named
    match action:
        case act.FetchImage(image):
            found = fetched.get(image.key, ObservedImage(ImagePhase.READY, "", "qcow2"))
            return replace(seen, storage=replace(seen.storage, images={**seen.storage.images, image.key: found}))
        case act.LabelDisk(label=label):
            file = replace(named.file, label=label) if named.file else None
            return replace(seen, named=replace(named, label=label, file=file, there=True))
        case act.CreateDisk(path, size, backing):
            base = next((image.virtual_size for image in seen.storage.images.values() if image.path == backing), 0)
            made = ObservedDisk(path, size or base, backing, label=action.label)
            return replace(seen, named=replace(named, file=made))
        case act.CopyDisk(path, size):
            return replace(seen, named=replace(named, file=ObservedDisk(path, size, None, label=action.label)))
        case act.GrowDisk(size=size):
            file = replace(named.file, virtual_size=size) if named.file else None
            return replace(seen, named=replace(named, file=file))
        case act.TakeBack(label=label):
            return replace(seen, named=NamedDisk(_back(action, seen), label, there=True), storage=replace(seen.storage, trash=()))
        case act.RemoveDisk():
            return replace(seen, named=NamedDisk())
    return seen


def _back(action: act.TakeBack, seen: DiskSeen) -> ObservedDisk:
    entry = next(entry for entry in seen.storage.trash if entry.entry == action.entry)
    disk = next(disk for disk in entry.disks if disk.name == action.disk)
    return ObservedDisk(action.path, disk.virtual_size, disk.backing, label=action.label)
