"""The events that a reconcile records: what happened to the machine, and which steps were taken. Pure.

The REST event stream consists of the lifecycle reasons: Created, Started, Stopped, Deleted, HealthChanged, Failed.
"""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.condition import STALLED, find_condition
from homeostat.models.machine import VirtualMachineStatus
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.machine.storage.disk_source import MOVED
from homeostat.planner.observed import Observed, same_run

from ..engine.ports import EventType, Happening
from .status import DISKS_MOVED, health_word


def transitions(
    before: VirtualMachineStatus | None,
    after: VirtualMachineStatus,
    first: Observed,
    last: Observed,
    plugin: str | None = None,
) -> tuple[list[Happening], list[Happening]]:
    """Returns what changed between two statuses of a machine: what happened before the steps that were taken, and what after.

    ``first`` was observed before those steps, ``last`` after them. ``plugin`` is what the machine is made from.
    """
    made = Happening("Normal", "Created", "taken up by Homeostat", {"plugin": plugin})
    created = [made] if before is None else _ended_for_health(before, after, first)
    stopped = _stopped(before, after, first, last)
    ran_on = first.domain is not None and first.domain.state.active
    began = list(_began(before, after))
    return (created, [*stopped, *began]) if ran_on else ([*created, *stopped], began)


def _stopped(
    before: VirtualMachineStatus | None, after: VirtualMachineStatus, first: Observed, last: Observed
) -> list[Happening]:
    old_run = before.run if before else None
    if not old_run or same_run(old_run, after.run) or after.state == "Unknown":
        return []
    # It may have been started again by now. Then only the first observation shows how it had ended.
    off = last.domain if after.run is None else first.domain
    why = f" ({off.reason})" if off and not off.state.active else ""
    return [Happening("Normal", "Stopped", f"stopped{why}")]


def _ended_for_health(before: VirtualMachineStatus, after: VirtualMachineStatus, first: Observed) -> list[Happening]:
    """Returns what the probes said of a run that our steps ended before its status could say it. One that is on its way down has
    no health any more."""
    if first.health is None or first.domain is None or (after.health is not None and same_run(before.run, after.run)):
        return []
    word, was = health_word(first.health), before.health.status if before.health else "starting"
    return [_health_changed(word, first.health.message)] if same_run(before.run, first.domain.run) and word != was else []


def _health_changed(word: str, message: str) -> Happening:
    type: EventType = "Warning" if word == "unhealthy" else "Normal"
    return Happening(type, "HealthChanged", f"{word}: {message}", {"status": word})


def _began(before: VirtualMachineStatus | None, after: VirtualMachineStatus) -> Iterator[Happening]:
    old_run = before.run if before else None
    if after.run and not same_run(after.run, old_run):
        ip = after.addresses[0].ip if after.addresses else None
        yield Happening("Normal", "Started", f"running on host {after.host}", {"ip": ip})
    health, was_health = after.health, before.health if before and same_run(before.run, after.run) else None
    if health and health.status != (was_health.status if was_health else "starting"):
        yield _health_changed(health.status, health.message)
    moved = find_condition(after.conditions, DISKS_MOVED)
    knew, was = (find_condition(before.conditions, kind) if before else None for kind in (DISKS_MOVED, STALLED))
    if moved and (knew is None or knew.message != moved.message):
        yield Happening("Warning", DISKS_MOVED, moved.message)
    stalled = find_condition(after.conditions, STALLED)
    # A look that falls into the moment of the move finds the definition and the guest on different files.
    were_moved = knew or (was and was.reason == MOVED)
    if were_moved and not moved and not stalled and after.state not in ("Unknown", "Terminating"):
        yield Happening("Normal", "DisksBack", "none of its disks is where others put it any more")
    if stalled and (was is None or was.message != stalled.message):
        yield Happening("Warning", "Failed", stalled.message, {"error": stalled.reason})


def step_taken(action: Action, observed: Observed) -> Happening | None:
    """Returns the event for an action that was carried out. None: it is of no interest to a reader."""
    known = observed.domain is not None
    match action:
        case act.DefineDomain() if known:
            return Happening("Normal", "Redefined", action.reason)
        case act.StartDomain() if known:
            return Happening("Normal", "Starting", action.reason)
        case act.ShutdownDomain():
            return Happening("Normal", "ShutdownRequested", action.reason)
        case act.PowerOffDomain():
            return Happening("Warning", "PoweredOff", action.reason)
        case act.PauseDomain() | act.ResumeDomain() | act.SaveDomain() | act.DiscardSave():
            return Happening("Normal", type(action).__name__.removesuffix("Domain"), action.reason)
        case (
            act.AttachDisk()
            | act.DetachDisk()
            | act.ChangeMedium()
            | act.LimitDisk()
            | act.AttachNic()
            | act.DetachNic()
            | act.GrowDisk()
            | act.ReplugNic()
            | act.SetLink()
            | act.SetVcpus()
        ):
            return Happening("Normal", type(action).__name__, action.reason)
        case act.SetMemory():
            return Happening("Normal", "SetMemory", action.reason)
        case act.RenameDomain():
            return Happening("Normal", "Renamed", action.reason)
        case act.ChangePassword():
            return Happening("Normal", "PasswordChanged", action.reason)
        case act.FetchImage(image) if (seen := observed.storage.images.get(image.key)) and seen.error:
            return None  # it is tried again
        case act.FetchImage():
            return Happening("Normal", "Fetching", f"{action.image.label}: {action.reason}")
        case act.SetAside():
            paths = ", ".join(path for _, path in action.disks)
            return Happening("Normal", "SetAside", f"{paths}: {action.reason} (trash entry {action.entry})")
        case act.CreateDisk(aside=stays) if stays:
            return Happening("Warning", "DiskStaysInTrash", f"a new disk is made, {action.reason}. {stays}")
        case act.TakeBack():
            return Happening("Normal", "Restored", f"{action.path} from trash entry {action.entry}: {action.reason}")
        case act.RestoreSnapshot():
            return Happening("Normal", "WentBack", action.reason)
        case act.UndefineDomain(stays=files) if files:
            return Happening("Warning", "FilesStay", f"others put its disks on {', '.join(files)}: that is not deleted")
        case act.DeleteFile():
            return Happening("Normal", "FileDeleted", f"{action.path}: {action.reason}")
    return None
