"""The power of a domain: started, shut down, cut, paused, saved."""

from __future__ import annotations

import errno
from collections.abc import Callable

import libvirt

from homeostat.planner import actions as act
from homeostat.planner.observed import DomainState, ObservedDomain

from ..connection.connection import LibvirtConnection
from ..connection.events import Aspect, EventKind
from .inventory import Inventory
from .last_look import check_headers, check_save, damaged
from .step import Domain, DomainStep

# QEMU ended before libvirt reached it: libvirt reports this instead of what QEMU wrote. The next start reports that.
ENDED_EARLY = "failed to connect to monitor socket"
NOT_LOADED = "load of migration failed"  # QEMU read saved memory that is cut off, damaged, or of another QEMU


def begin(start: Callable[[], object]) -> object:
    """Calls ``start``, which starts a domain. Calls it again where QEMU ended before libvirt reached it.

    Raises:
        libvirtError: the domain does not start.
    """
    try:
        return start()
    except libvirt.libvirtError as error:
        if ENDED_EARLY not in str(error):
            raise
    return start()


class PowerSteps:
    """Returns what each action on the power of a domain is to libvirt."""

    def __init__(self, connection: LibvirtConnection, inventory: Inventory) -> None:
        self._connection, self._inventory = connection, inventory

    def step(self, action: act.PowerAction) -> DomainStep:
        request = self._connection.request
        match action:
            case act.StartDomain(uuid, paused):
                flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
                started = lambda seen: seen is not None and seen.state.active  # noqa: E731
                reads = Aspect.STATE | Aspect.LIVE
                return DomainStep(uuid, "start", lambda d: self._start(d, flags), reads, EventKind.STARTED, started)
            case act.ShutdownDomain(uuid):
                return DomainStep(uuid, "shut down", self._press_button, done=_is_going, at_once=True)
            case act.PowerOffDomain(uuid):
                return DomainStep(uuid, "power off", lambda d: request(d.destroy), done=_is_off)
            case act.PauseDomain(uuid):
                return DomainStep(uuid, "pause", lambda d: request(d.suspend), at_once=True)
            case act.ResumeDomain(uuid):
                return DomainStep(uuid, "resume", self._resume, at_once=True)
            case act.SaveDomain(uuid):
                return DomainStep(uuid, "save", lambda d: request(d.managedSave), Aspect.STATE | Aspect.FLAGS)
            case act.DiscardSave(uuid):
                return DomainStep(uuid, "discard the saved memory of", self._discard_save, Aspect.FLAGS)

    def _start(self, domain: Domain, flags: int) -> object:
        known = self._inventory.get(domain.UUIDString())
        if known is not None and known.config is not None:
            check_headers(self._connection.uri, known.config.disks)
        if known is not None and known.managed_save:
            check_save(self._connection.request, domain, known.name)
        try:
            return begin(lambda: self._connection.request(domain.createWithFlags, flags))
        except libvirt.libvirtError as error:
            if known is None or not known.managed_save or NOT_LOADED not in str(error):
                raise
            raise damaged(known.name, "".join(str(error).rpartition(NOT_LOADED)[1:])) from error

    def _press_button(self, domain: Domain) -> object:
        """Presses the power button. Without flags libvirt would ask the agent first, and wait a minute for the guest."""
        try:
            return self._connection.request(domain.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                raise
            return self._connection.request(domain.shutdown)  # the test driver, which has neither

    def _discard_save(self, domain: Domain) -> None:
        """Discards saved memory. Where somebody removed its file by hand libvirt lists it still, and cannot remove it."""
        try:
            self._connection.request(domain.managedSaveRemove)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_SYSTEM_ERROR or error.get_int1() != errno.ENOENT:
                raise

    def _resume(self, domain: Domain) -> object:
        """Resumes a guest. One that put itself to sleep is woken up as hardware would wake it up."""
        asleep = self._connection.request(domain.state)[0] == libvirt.VIR_DOMAIN_PMSUSPENDED
        return self._connection.request(domain.pMWakeup) if asleep else self._connection.request(domain.resume)


def _is_off(seen: ObservedDomain | None) -> bool:
    return seen is None or not seen.state.active


def _is_going(seen: ObservedDomain | None) -> bool:
    """Tells whether it is off, or on its way: it answered the request a moment ago."""
    return seen is None or not seen.state.active or seen.state is DomainState.SHUTTING_DOWN
