"""The removal rule: which of the resources whose documents have gone may be deleted now. Pure: it reads no file.

A resource goes only when all of this holds, and has held for the settling time. Its place is gone, or says something else that is
whole and valid. Nothing unidentified in the folder might be the resource. No git operation is under way. A resource in doubt is
held until the doubt ends or somebody confirms. Many removals at once, counted over a window, are always held.

The rule also judges what a changed document takes away within its resource (fewer replicas, a disk less). Until it may go, the
last spec stays in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import ReclaimPolicy
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot

SETTLE = 5.0
"""Seconds for which everything must have stayed as it is before a machine or a deployment goes. Within them it is harmless to put
a file back late, or to check out another commit and return."""
SETTLE_OTHERS = 1.0
"""Seconds for resources in which nothing runs, such as plugins."""
NEVER = float("inf")
"""The settling time of a pass that takes in changes and leaves removals to the operator."""
BUDGET = 10
"""Removals within the window that need no confirmation, even where they are more than half of all resources."""
WINDOW = 60.0
"""Seconds over which removals are counted together."""

EMPTIED = "it went with all that the folder held, and what is in that now does not say what shall become of it"
CONFIRM = "if that is meant, confirm it with `homeostat apply --prune`"
SETTLES: Mapping[type[Resource], float] = {
    VirtualMachine: NEVER,
    VirtualMachineDeployment: NEVER,
    SnapshotSchedule: NEVER,
    Snapshot: NEVER,
    Plugin: SETTLE_OTHERS,
    Disk: NEVER,
    Image: NEVER,
    Network: NEVER,
    Host: SETTLE_OTHERS,
}
"""The longest settling time of each kind, in seconds. NEVER: the time that the caller sets."""
TAKES: Mapping[type[Resource], tuple[str, ...]] = {
    VirtualMachine: ("disks", "pluginRef"),
    VirtualMachineDeployment: ("replicas",),
    SnapshotSchedule: ("keep",),
    Snapshot: (),
    Plugin: ("disks", "rootfs"),
    Disk: (),
    Image: (),
    Network: (),
    Host: (),
}
"""Fields of each kind's spec that delete something when they say less."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is deleted when a new spec comes into force."""

    words: str
    weight: int  # the machines of a deployment; all disks of a machine count as one


def takes_away(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Loss | None:
    """Returns what ``old`` has and ``new`` does not, where that would be deleted. The specs are as written, without defaults."""
    if kind == VirtualMachineDeployment.KIND:
        before, after = old.get("replicas", 1), new.get("replicas", 1)
        return Loss(f"replicas: {before} -> {after}", before - after) if after < before else None
    if kind not in BY_KIND:
        return None
    keep = ReclaimPolicy.RETAIN.value
    stays = {disk["name"] for disk in new.get("disks", ()) if _is_disk(disk)}
    gone = [
        f"disks[{disk['name']}]"
        for disk in old.get("disks", ())
        if _is_disk(disk) and disk["name"] not in stays and disk.get("reclaimPolicy", old.get("reclaimPolicy")) != keep
    ]
    gone += [f"{part} and its disks" for part in ("pluginRef", "rootfs") if old.get(part) and not new.get(part)]
    return Loss(f"{', '.join(gone)} would go", 1) if gone else None


def _is_disk(disk: Mapping[str, Any]) -> bool:
    return bool(disk.get("type", "disk") == "disk") and not disk.get("diskRef")


def speaks_of_it(kind: str, spec: Mapping[str, Any]) -> bool:
    """Tells whether somebody's change of the spec is about what may be taken away. Then it says what shall happen to that."""
    return kind in BY_KIND and any(part in spec for part in TAKES[BY_KIND[kind]])


@dataclass(frozen=True, slots=True)
class Absence:
    """A resource that no document declares any more, or that one declares with less than it has (``takes``)."""

    key: Key
    seconds: float  # for so long it has been missing, and the file that declared it has not changed
    doubt: str = ""  # why it may not be gone; empty: no doubt
    weight: int = 1  # resources that would go: a deployment takes its machines with it
    takes: str = ""  # what its document takes away; empty: no document declares it


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for all absences."""

    standing: int  # the weight of all declared resources that are not being deleted
    taken: int = 0  # the weight of what went unconfirmed within the window
    bare: str = ""  # why the whole folder is not to be believed, such as that it holds no YAML


@dataclass(frozen=True, slots=True)
class Ruling:
    go: frozenset[Key] = frozenset()
    held: Mapping[Key, str] = field(default_factory=dict)  # with the reason
    brake: str = ""  # why none may go unconfirmed, where many would
    waiting: frozenset[Key] = frozenset()  # these only wait for their time
    emptied: frozenset[Key] = frozenset()  # those that went when the folder became empty, and are or will be held


def rule(
    absences: Sequence[Absence],
    around: Circumstances,
    settle: float,
    *,
    confirmed: Collection[Key] = (),
    told: Collection[Key] = (),
    tell_after: float | None = None,
    emptied: Collection[Key] = (),
) -> Ruling:
    """Decides which absences may go. They must be ``settle`` seconds old. Those in ``confirmed`` go, whatever speaks against it.
    Those in ``told`` were held before, and are reported again at once. Others are reported only after ``tell_after`` seconds
    (None: the settling time), because most doubts pass. Those in ``emptied`` went with everything that the folder held: that it
    holds something else now says nothing about them."""
    brake = _brake(absences, around)
    everything = all(absence.key in confirmed for absence in absences)
    go, held, waiting = set[Key](), dict[Key, str](), set[Key]()
    stays = set[Key]()
    for absence in absences:
        key = absence.key
        needed = settling_time(absence, settle)
        may_tell = key in told or absence.seconds >= (needed if tell_after is None else tell_after)
        if key in confirmed and (everything or not brake):
            go.add(key)
        elif (reason := brake or absence.doubt or (EMPTIED if key in emptied else "")) and may_tell:
            held[key] = f"{absence.takes}: {reason}" if absence.takes else reason
            if around.bare or key in emptied:
                stays.add(key)
        elif reason or absence.seconds < needed:
            waiting.add(key)
            if key in emptied:
                stays.add(key)
        else:
            go.add(key)
    return Ruling(frozenset(go), held, brake if held else "", frozenset(waiting), frozenset(stays))


def settling_time(absence: Absence, settle: float) -> float:
    """Returns the settling time of an absence, in seconds."""
    kind = BY_KIND.get(absence.key.kind)
    return settle if absence.takes or settle == NEVER or kind is None else min(settle, SETTLES[kind])


def _brake(absences: Sequence[Absence], around: Circumstances) -> str:
    """Says why none of them may go unconfirmed. Everything that is missing counts, also what has not settled yet."""
    missing = sum(absence.weight for absence in absences)
    if not missing:
        return ""
    if around.bare:
        one = f"{absences[0].key}" if len(absences) == 1 else f"{missing} resources"
        return f"{around.bare}, so {one} would be deleted"
    going, all_of_them = missing + around.taken, around.standing + around.taken
    if going <= BUDGET or 2 * going <= all_of_them:
        return ""
    losing = any(absence.takes and absence.key.kind != VirtualMachineDeployment.KIND for absence in absences)
    go = "would be deleted or lose disks" if losing else "would be deleted"
    if not around.taken:
        return f"{missing} of {around.standing} resources {go} at once"
    before = f"after {around.taken} within the last {WINDOW:.0f} s"
    return f"{missing} more of {all_of_them} resources {go}, {before}"
