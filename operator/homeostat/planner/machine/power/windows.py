"""The maintenance windows of a machine, by the wall clock. Pure.

The machine is the effective one: without windows of its own it has those of its host.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from homeostat.models.cron import seconds_of
from homeostat.models.machine import UpdatePolicy, VirtualMachine
from homeostat.models.maintenance import MaintenanceWindow

from ...cron import due_after, zone_of

# From within an hour that comes twice, a time of its first coming would be found once more in its second.
_FOLD = timedelta(hours=3)


def may_restart(machine: VirtualMachine, wall: datetime | None) -> bool:
    """Tells whether a restart may begin now: within a window, of which more than the guest's grace period is left."""
    grace = timedelta(seconds=machine.spec.shutdown.grace_period_seconds)
    return wall is not None and any(_is_open(window, wall, grace) for window in machine.spec.maintenance_windows)


def next_window(machine: VirtualMachine, wall: datetime | None) -> tuple[datetime, MaintenanceWindow] | None:
    """Returns when the next window begins, and which. None: the policy asks for none, there is none that a restart fits into, or
    this host knows none of their zones."""
    if wall is None or machine.spec.update_policy is not UpdatePolicy.WINDOW:
        return None
    known = [(zone, window) for window in _long_enough(machine) if (zone := zone_of(window.time_zone)) is not None]
    coming = [(due_after(window.schedule, wall, zone), place) for place, (zone, window) in enumerate(known)]
    if not coming:
        return None
    begin, place = min(coming)
    return begin, known[place][1]


def window_words(machine: VirtualMachine, wall: datetime | None) -> str:
    """Says when the next window begins, in its own zone."""
    found = next_window(machine, wall)
    if found is None:
        grace, fitting = machine.spec.shutdown.grace_period_seconds, _long_enough(machine)
        if not machine.spec.maintenance_windows:
            return "in no window, since neither it nor its host has maintenanceWindows: give one of them a window"
        if not fitting:
            return (
                f"in no window, since the guest may take {grace} s to shut down (shutdown.gracePeriodSeconds) and none of its "
                "host's maintenanceWindows is longer: make one longer, or give the machine one of its own"
            )
        zones = ", ".join(sorted({window.time_zone for window in fitting}))
        return f"in no window, since this host does not know the time zone {zones}: correct it, or install tzdata there"
    begin, window = found
    zone = zone_of(window.time_zone)
    return f"in the maintenance window that begins {begin.astimezone(zone).isoformat(timespec='minutes')} ({window.time_zone})"


def _long_enough(machine: VirtualMachine) -> list[MaintenanceWindow]:
    """Returns the windows that a restart fits into. Those of its own are, those of its host need not be."""
    grace = machine.spec.shutdown.grace_period_seconds
    return [window for window in machine.spec.maintenance_windows if seconds_of(window.duration) > grace]


def _is_open(window: MaintenanceWindow, wall: datetime, left: timedelta) -> bool:
    """Tells whether a window has begun of which more than ``left`` is to come. It lasts so many seconds, whatever clocks do."""
    zone = zone_of(window.time_zone)
    if zone is None:
        return False
    earliest = wall + left - timedelta(seconds=seconds_of(window.duration))
    begin = due_after(window.schedule, earliest - _FOLD, zone)
    while begin <= earliest:
        begin = due_after(window.schedule, begin, zone)
    return begin <= wall
