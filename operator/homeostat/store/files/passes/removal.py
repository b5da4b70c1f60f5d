"""The removal rule: which of the resources whose documents have gone may go now. Pure: nothing here looks at a file.

A resource goes only when its place is gone or says something else whole and valid, nothing in the folder that cannot be
identified might be it, no git operation is under way, and it all stayed so for the settling time. Whatever is in doubt is held,
until the doubt ends or somebody confirms. Many at once, counted over a window, are held whatever else holds.

What a changed document takes away within its resource (lowered replicas, a disk) is judged alike: its last spec stays in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_devices import ReclaimPolicy
from homeostat.models.plugin import Plugin

SETTLE = 5.0
"""Seconds for which everything must have stayed as it is before a machine or a deployment goes: a file that is put back
three seconds late, or a commit that is looked at and left again, must be harmless."""
SETTLE_OTHERS = 1.0
"""Seconds for what nothing runs in, such as a plugin."""
NEVER = float("inf")
"""Settling time of passes that take in what changed and leave removals to the operator."""
BUDGET = 10
"""So many removals within the window need no confirmation, even if they are more than half of all."""
WINDOW = 60.0
"""Seconds over which removals are counted together."""

EMPTIED = "it went with all that the folder held, and what is in that now does not say what shall become of it"
CONFIRM = "if that is meant, confirm it with `homeostat apply --prune`"
SETTLES: Mapping[type[Resource], float] = {
    VirtualMachine: NEVER,
    VirtualMachineDeployment: NEVER,
    Plugin: SETTLE_OTHERS,
}
"""The longest settling time of each kind, in seconds; NEVER: as long as is set."""
TAKES: Mapping[type[Resource], tuple[str, ...]] = {
    VirtualMachine: ("disks", "pluginRef"),
    VirtualMachineDeployment: ("replicas",),
    Plugin: ("disks", "rootfs"),
}
"""Fields of each kind's spec with which something is deleted when they say less."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is deleted when a new spec comes into force."""

    words: str
    weight: int  # machines of a deployment; disks of a machine count as one


def takes_away(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Loss | None:
    """What ``new`` does not have any more of what ``old`` has, where that is deleted with it. Specs as written: without what
    was not set."""
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
    return bool(disk.get("type", "disk") == "disk")


def speaks_of_it(kind: str, spec: Mapping[str, Any]) -> bool:
    """Whether a change of the spec by somebody is about what may be taken away, so that it says what shall become of that."""
    return kind in BY_KIND and any(part in spec for part in TAKES[BY_KIND[kind]])


@dataclass(frozen=True, slots=True)
class Absence:
    """A resource that no document declares any more, or only with less than it has (``takes``)."""

    key: Key
    seconds: float  # since when nothing of it has changed: neither that it is missing, nor the file in which it stood
    doubt: str = ""  # why it may not be gone; empty: nothing speaks against it
    weight: int = 1  # resources that would go: a deployment takes its machines along
    takes: str = ""  # what its document takes away; empty: it is declared nowhere


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for all of them."""

    standing: int  # the weight of all that the folder has made and that is not being deleted
    taken: int = 0  # the weight of what went within the window, unconfirmed
    bare: str = ""  # why the folder as a whole is not to be believed, such as that it holds no YAML


@dataclass(frozen=True, slots=True)
class Ruling:
    go: frozenset[Key] = frozenset()
    held: Mapping[Key, str] = field(default_factory=dict)  # with the reason
    brake: str = ""  # why none may go unconfirmed, where so many would
    waiting: frozenset[Key] = frozenset()  # for time only
    emptied: frozenset[Key] = frozenset()  # those of ``held`` that went with all that the folder held


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
    """``settle`` seconds must have passed. ``confirmed`` ones go whatever speaks against it. ``told`` were held before, and
    are told of again at once; others only after ``tell_after`` seconds (None: the settling time), since most doubts pass.
    ``emptied`` went with all that the folder held: that something else is in it by now is no word about them."""
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
        else:
            go.add(key)
    return Ruling(frozenset(go), held, brake if held else "", frozenset(waiting), frozenset(stays))


def settling_time(absence: Absence, settle: float) -> float:
    """Seconds."""
    kind = BY_KIND.get(absence.key.kind)
    return settle if absence.takes or settle == NEVER or kind is None else min(settle, SETTLES[kind])


def _brake(absences: Sequence[Absence], around: Circumstances) -> str:
    """Why none of them may go unconfirmed. All that are missing count, whether their time has come or not."""
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
