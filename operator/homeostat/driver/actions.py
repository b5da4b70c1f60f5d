"""Carries out actions on domains: one ``match``, which decides nothing.

Each action becomes a DomainStep: the libvirt calls, and what of the domain is to be read afterwards. Calls and reading are one
job on one of the connection's threads. Nothing else touches that domain in the meantime.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import libvirt
from pydantic import SecretStr

from homeostat.planner import actions as act
from homeostat.planner.domain import DiskConfig, DomainConfig, NicConfig
from homeostat.planner.observed import DomainState, ObservedDomain, Tap

from . import faults, links
from .agent import Agent
from .connection import LibvirtConnection
from .cpus import set_vcpus
from .errors import DomainChanged, DomainGone, DriverError, GuestHolds, NameTaken, Refused, SaveOutdated
from .events import Aspect, EventKind
from .inventory import Inventory, gone
from .storage.disks import check_header, read_disk
from .survey import is_local
from .xml import NAMESPACE, PREFIX, build_disk, build_domain, build_nic, build_plain, parse_domain, parse_xml, to_text
from .xml.disks import block_io_tune
from .xml.display import with_password

_log = logging.getLogger(__name__)

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
# QEMU ended before libvirt reached it: libvirt reports this instead of what QEMU wrote. The next start reports that.
ENDED_EARLY = "failed to connect to monitor socket"
DETACH_TIMEOUT = 20.0  # seconds that a guest may take to release a device; libvirt itself waits 5 of them

_UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
_UNDEFINE_TEST = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA

Domain: TypeAlias = Any  # the binding has no types


@dataclass(frozen=True, slots=True)
class DomainStep:
    """One action as libvirt calls. ``call`` runs on a thread with the domain's handle. ``done`` tells from a reading that a
    refusal does not matter, because the wanted state is there already. ``becomes`` is set where the result is certain, so nothing
    need be read."""

    uuid: str
    doing: str
    call: Callable[[Domain], object]
    reads: Aspect = Aspect.STATE
    causes: EventKind | None = None
    done: Callable[[ObservedDomain | None], bool] = lambda _: False
    becomes: Callable[[ObservedDomain], ObservedDomain] | None = None


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


class DomainActions:
    """Executes the actions that concern domains. ``fence`` is called on the thread just before each action. It raises where we
    may not act any more, for example in a process that was stopped for a while with actions waiting."""

    def __init__(
        self, connection: LibvirtConnection, inventory: Inventory, agent: Agent, fence: Callable[[], None] = lambda: None
    ) -> None:
        self._connection, self._inventory, self._agent, self._fence = connection, inventory, agent, fence

    async def execute(self, action: act.Action) -> None:
        """Carries one action out.

        Raises:
            DriverError: it could not be done.
        """
        match action:
            case act.DefineDomain():
                await self._define(action)
            case act.WriteRecord():
                await self._write_record(action)
            case act.DetachDisk() | act.DetachNic():
                await self._detach(action)
            case act.ShutdownDomain(by_agent=True):
                await self._shut_down_by_agent(action)
            case _:
                await self._run(self._step(action), action)

    def _step(self, action: act.Action) -> DomainStep:
        """Returns what each action is to libvirt."""
        request, live = self._connection.request, Aspect.STATE | Aspect.LIVE
        match action:
            case act.StartDomain(uuid, paused):
                flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
                started = lambda seen: seen is not None and seen.state.active  # noqa: E731
                return DomainStep(uuid, "start", lambda d: self._start(d, flags), live, EventKind.STARTED, started)
            case act.ShutdownDomain(uuid):
                return DomainStep(uuid, "shut down", self._press_button, done=_is_going)
            case act.PowerOffDomain(uuid):
                return DomainStep(uuid, "power off", lambda d: request(d.destroy), done=_is_off)
            case act.PauseDomain(uuid):
                return DomainStep(uuid, "pause", lambda d: request(d.suspend))
            case act.ResumeDomain(uuid):
                return DomainStep(uuid, "resume", self._resume)
            case act.SaveDomain(uuid):
                return DomainStep(uuid, "save", lambda d: request(d.managedSave), Aspect.STATE | Aspect.FLAGS)
            case act.DiscardSave(uuid):
                return DomainStep(uuid, "discard the saved memory of", lambda d: request(d.managedSaveRemove), Aspect.FLAGS)
            case act.SetAutostart(uuid, enabled):
                set_it = lambda d: request(d.setAutostart, int(enabled))  # noqa: E731
                return DomainStep(uuid, "set autostart of", set_it, becomes=lambda known: replace(known, autostart=enabled))
            case act.AttachDisk(uuid, disk):
                return self._attach(uuid, f"disk {disk.name}", to_text(build_disk(disk)), (disk,))
            case act.AttachNic(uuid, nic):
                return self._attach(uuid, f"nic {nic.name}", _nic_text(nic))
            case act.DetachDisk(uuid, disk):
                return self._part(action, f"disk {disk.name}", to_text(build_disk(disk)))
            case act.DetachNic(uuid, nic):
                return self._part(action, f"nic {nic.name}", _nic_text(nic))
            case act.ReplugNic(uuid):
                return DomainStep(uuid, f"plug {action.nic.name} in again in", lambda d: self._replug(d, action), live)
            case act.SetLink(uuid, nic):
                doing = f"set the link of {nic.name} in"
                return DomainStep(uuid, doing, lambda d: request(d.updateDeviceFlags, _nic_text(nic), LIVE), live)
            case act.SetMemory(uuid, memory):
                return DomainStep(uuid, "give memory to", lambda d: request(d.setMemoryFlags, memory // 1024, LIVE), live)
            case act.SetVcpus(uuid, vcpus):
                return DomainStep(uuid, "set the CPUs of", lambda d: set_vcpus(request, d, vcpus), live)
            case act.RenameDomain(uuid, name):
                # libvirt renames no domain that has snapshots; it also runs under the name that it has.
                rename = lambda d: request(d.rename, name, 0)  # noqa: E731
                return DomainStep(uuid, "rename", rename, Aspect.STATE | Aspect.CONFIG, done=lambda _: True)
            case act.ChangeMedium(uuid, disk):
                # A guest that mounted the medium locks the tray; the new medium goes in anyway.
                flags = LIVE | libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE
                change = lambda d: request(d.updateDeviceFlags, to_text(build_disk(disk)), flags)  # noqa: E731
                return DomainStep(uuid, f"change the medium of {disk.name} in", change, live)
            case act.LimitDisk(uuid, disk):
                limit = lambda d: request(d.setBlockIoTune, disk.target, block_io_tune(disk), LIVE)  # noqa: E731
                return DomainStep(uuid, f"limit disk {disk.name} of", limit, live)
            case act.ChangePassword(uuid, password):
                return DomainStep(uuid, "change the VNC password of", lambda d: self._change_password(d, password), live)
            case act.GrowDisk(uuid, path, size, target):
                flags = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES
                return DomainStep(uuid, f"grow {path} of", lambda d: request(d.blockResize, target or path, size, flags))
            case act.UndefineDomain(uuid):
                return DomainStep(uuid, "undefine", self._undefine, done=lambda seen: seen is None)
        raise TypeError(f"{type(action).__name__} is not an action on a domain")

    def _start(self, domain: Domain, flags: int) -> object:
        known = self._inventory.get(domain.UUIDString())
        if known is not None and known.config is not None:
            self._check_headers(known.config.disks)
        if known is not None and known.managed_save:
            self._check_save(domain, known.name)
        return begin(lambda: self._connection.request(domain.createWithFlags, flags))

    def _check_headers(self, disks: Sequence[DiskConfig]) -> None:
        """Checks the headers just before libvirt gives QEMU the files that they name. Where a definition names no chain, the plan
        has checked the headers.

        Raises:
            HeaderAltered: a header names another file than the definition.
        """
        if not is_local(self._connection.uri):
            return
        for disk in disks:
            if disk.source is None or disk.format != "qcow2" or disk.chain is None:
                continue
            with contextlib.suppress(OSError):  # libvirt will say so in its own words
                found = read_disk(disk.source)
                backing = os.path.realpath(disk.chain[0].path) if disk.chain else None
                check_header(found if found.backing != backing else replace(found, backing=None))

    def _check_save(self, domain: Domain, name: str) -> None:
        """Checks a managed save. It continues with the files that it was made with, whatever the definition has since.

        Raises:
            SaveOutdated: a disk is on another file by now. That file would lose its data, or become worthless.
        """
        request = self._connection.request
        try:
            then = _sources(parse_domain(request(domain.managedSaveGetXMLDesc, 0)))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
                raise
            return  # the test driver, which keeps no memory either
        now = _sources(parse_domain(request(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE)))
        for disk, source in then.items():
            if os.path.realpath(now.get(disk) or source or "") != os.path.realpath(source or ""):
                raise SaveOutdated(
                    f"disks[{disk}] of machine {name} was on {source} when its memory was saved, and someone put it on "
                    f"{now[disk]} since: going on would write to the former file. `virsh managedsave-remove {name}` lets it boot "
                    f"from {now[disk]}, without the saved memory; or `virsh edit {name}`, and name the former file again"
                )

    async def _shut_down_by_agent(self, action: act.ShutdownDomain) -> None:
        """Asks the agent. In the meantime nothing waits for it, neither readings nor the other guests."""
        self._own(action.uuid)
        self._fence()
        try:
            with faults.around(action):
                await self._tell_agent(action)
        except DriverError as error:
            _log.info("asking a guest's agent to shut it down: %s", error)
            await self._run(self._step(action), action)

    async def _tell_agent(self, action: act.ShutdownDomain) -> None:
        """Asks the agent. A guest may be off before libvirt has finished asking it; then the call fails."""
        try:
            await self._agent.shut_down(action.uuid)
        except DriverError as error:
            await self._after_failure(self._step(action), error)

    def _press_button(self, domain: Domain) -> object:
        """Presses the power button. Without flags libvirt would ask the agent first, and wait a minute for the guest."""
        try:
            return self._connection.request(domain.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                raise
            return self._connection.request(domain.shutdown)  # the test driver, which has neither

    def _resume(self, domain: Domain) -> object:
        """Resumes a guest. One that put itself to sleep is woken up as hardware would wake it up."""
        asleep = self._connection.request(domain.state)[0] == libvirt.VIR_DOMAIN_PMSUSPENDED
        return self._connection.request(domain.pMWakeup) if asleep else self._connection.request(domain.resume)

    def _change_password(self, domain: Domain, password: SecretStr) -> None:
        root = parse_xml(self._connection.request(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_SECURE))
        self._connection.request(domain.updateDeviceFlags, to_text(with_password(root, password)), LIVE)

    def _replug(self, domain: Domain, action: act.ReplugNic) -> None:
        """Puts a nic's tap on its bridge again. libvirt does that only when the kind or source of the nic changes. So a nic of a
        network becomes one of that network's bridge for a moment. That also registers it with the network, which forgot its
        guests when it was stopped. If we are killed in between, the nic is connected, and waits for a restart to be of the
        network again."""
        nic, request = action.nic, self._connection.request
        if nic.kind == "network":
            over = replace(nic, kind="bridge", source=action.bridge)
            request(domain.updateDeviceFlags, _nic_text(over), LIVE)
        request(domain.updateDeviceFlags, _nic_text(nic), LIVE)
        if is_local(self._connection.uri) and links.unplugged([Tap(nic.name, action.tap, action.bridge)]):
            try:
                links.plug(action.tap, action.bridge)
            except OSError as error:
                raise DriverError(f"{action.tap} cannot be put on bridge {action.bridge}: {error.strerror}") from error

    def _attach(self, uuid: str, device: str, text: str, disks: Sequence[DiskConfig] = ()) -> DomainStep:
        def call(domain: Domain) -> object:
            self._check_headers(disks)
            return self._connection.request(domain.attachDeviceFlags, text, LIVE)

        return DomainStep(uuid, f"attach {device} to", call, Aspect.STATE | Aspect.LIVE)

    def _part(self, action: act.DetachDisk | act.DetachNic, device: str, text: str) -> DomainStep:
        def call(domain: Domain) -> object:
            return self._connection.request(domain.detachDeviceFlags, text, LIVE)

        return DomainStep(
            action.uuid,
            f"detach {device} from",
            call,
            Aspect.STATE | Aspect.LIVE,
            done=lambda seen: not _has_device(seen, action),
        )

    async def _run(self, step: DomainStep, action: act.Action) -> ObservedDomain | None:
        async with self._inventory.exclusively(step.uuid):
            known = self._own(step.uuid)
            doing = f"{step.doing} machine {known.name}"
            if step.causes is not None:
                self._inventory.expect(step.uuid, step.causes)
            try:
                seen = await self._connection.run(lambda: self._perform(step, action), doing)
            except DriverError as error:
                if step.causes is not None:
                    self._inventory.unexpect(step.uuid, step.causes)
                seen = await self._after_failure(step, error)
            self._inventory.accept(step.uuid, seen)
            return seen

    def _perform(self, step: DomainStep, action: act.Action) -> ObservedDomain | None:
        """Runs the step on one of the connection's threads. Every action on a domain goes through here, or
        ``_perform_define``."""
        handle = self._inventory.handle(step.uuid)
        self._fence()
        with faults.around(action):
            step.call(handle)
        if step.becomes is not None and (known := self._inventory.get(step.uuid)) is not None:
            return step.becomes(known)
        return self._inventory.read(step.uuid, step.reads, handle)

    async def _after_failure(self, step: DomainStep, error: DriverError) -> ObservedDomain | None:
        """Reads the domain again after any failure: what was known of it may have been wrong.

        Raises:
            DriverError: ``error``, unless the wanted state is there already.
        """
        try:
            seen = await self._connection.run(lambda: self._inventory.read(step.uuid, step.reads), "read a domain")
        except DriverError:
            raise error from None
        self._inventory.accept(step.uuid, seen)
        if step.done(seen):
            return seen
        raise error

    def _own(self, uuid: str) -> ObservedDomain:
        """Returns our domain with that uuid.

        Raises:
            HostUnreachable: there is no connection.
            DomainGone: there is no such domain.
            Refused: it is somebody else's.
        """
        self._connection.handle  # noqa: B018 - without a connection nobody knows whether it is there
        known = self._inventory.get(uuid)
        if known is None:
            raise gone(uuid)
        if known.record is None:
            raise Refused(f"the domain {known.name} is not ours (it lacks our record): it is left alone")
        return known

    async def _define(self, action: act.DefineDomain) -> None:
        config = action.config
        uuid = config.uuid
        async with self._inventory.exclusively(uuid):
            known = self._inventory.get(uuid)
            namesake = self._inventory.named(config.name)
            if known is not None:
                self._own(uuid)
            if namesake is not None and namesake.uuid != uuid:
                raise NameTaken(f"another domain ({namesake.uuid}) has the name {config.name}: rename one of them")
            self._inventory.expect(uuid, EventKind.DEFINED)
            try:
                handle, seen = await self._connection.run(
                    lambda: self._perform_define(action, known), f"define machine {config.name}"
                )
            except (DriverError, ValueError) as error:
                self._inventory.unexpect(uuid, EventKind.DEFINED)
                if isinstance(error, DomainChanged):
                    self._inventory.reread(uuid)
                if isinstance(error, ValueError):
                    raise Refused(f"machine {config.name} cannot be defined: {error}") from error
                raise
            self._inventory.accept(uuid, seen, handle)

    def _perform_define(self, action: act.DefineDomain, known: ObservedDomain | None) -> tuple[Domain, ObservedDomain | None]:
        """Defines the domain, on one of the connection's threads. Never undefines: a new definition replaces the old one."""
        config, request = action.config, self._connection.request
        observed = self._full_definition(config.uuid) if known is not None else None
        text = build_domain(config, observed)
        if observed is not None and known is not None:
            self._check_disks(action, observed, known.state.active)
        self._fence()
        with faults.around(action):
            handle = request(self._connection.handle.defineXML, text)
        # A domain that was undefined while it ran is persistent again, and no longer starts with the host.
        flags = Aspect.FLAGS if known is not None and not known.persistent else Aspect.STATE
        return handle, self._inventory.read(config.uuid, Aspect.STATE | Aspect.CONFIG | flags, handle, new=known is None)

    def _check_disks(self, action: act.DefineDomain, definition: str, active: bool) -> None:
        """Checks on which files the disks are now. No event tells of a snapshot, so the plan may rest on older knowledge.

        Raises:
            DomainChanged: a disk is on another file than ``action`` says, which may hold newer data.
        """
        now = _sources(parse_domain(definition))
        if active:
            handle = self._inventory.handle(action.config.uuid)
            now |= _sources(parse_domain(self._connection.request(handle.XMLDesc, 0)))
        for name, source in _sources(action.config).items():
            if name in now and now[name] != source and name not in action.moves:
                raise DomainChanged(
                    f"disks[{name}] of machine {action.config.name} is on {now[name]} by now, where someone put it: "
                    "nothing was defined; it is looked at again"
                )

    def _full_definition(self, uuid: str) -> str:
        """Returns the definition with the secrets that others put into it, so that they are not lost. Read-only connections may
        not ask for those."""
        handle = self._inventory.handle(uuid)
        inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
        return str(self._connection.request(handle.XMLDesc, inactive | libvirt.VIR_DOMAIN_XML_SECURE))

    async def _write_record(self, action: act.WriteRecord) -> None:
        """Writes the record. Nothing is read back: libvirt stores metadata as it is given."""
        uuid, record = action.uuid, action.record
        text = to_text(build_plain(record))
        async with self._inventory.exclusively(uuid):
            known = self._own(uuid)
            self._inventory.expect(uuid, EventKind.METADATA)
            try:
                await self._connection.run(
                    lambda: self._perform_record(action, text, known), f"write the record of machine {known.name}"
                )
            except DriverError as error:
                self._inventory.unexpect(uuid, EventKind.METADATA)
                if isinstance(error, DomainGone):
                    self._inventory.accept(uuid, None)
                raise
            self._inventory.accept(
                uuid,
                replace(
                    known,
                    record=record,
                    config=known.config and replace(known.config, record=record),
                    live=known.live and replace(known.live, record=record),
                ),
            )

    def _perform_record(self, action: act.WriteRecord, text: str, known: ObservedDomain) -> None:
        handle = self._inventory.handle(action.uuid)
        flags = (CONFIG if known.persistent else 0) | (LIVE if known.state.active else 0)
        element = libvirt.VIR_DOMAIN_METADATA_ELEMENT
        with faults.around(action):
            try:
                self._connection.request(handle.setMetadata, element, text, PREFIX, NAMESPACE, flags)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or not flags & LIVE:
                    raise
                # It ended a moment ago.
                self._connection.request(handle.setMetadata, element, text, PREFIX, NAMESPACE, CONFIG)

    async def _detach(self, action: act.DetachDisk | act.DetachNic) -> None:
        """Detaches a device. libvirt asks the guest; an event tells when the guest has released the device."""
        seen = await self._run(self._step(action), action)
        try:
            async with asyncio.timeout(DETACH_TIMEOUT):
                while _has_device(seen, action):
                    await self._inventory.next_change(action.uuid)
                    seen = self._inventory.get(action.uuid)
        except TimeoutError:
            device = f"disk {action.disk.name}" if isinstance(action, act.DetachDisk) else f"nic {action.nic.name}"
            raise GuestHolds(
                f"the guest has not let go of {device} within {DETACH_TIMEOUT:.0f} s, and has it as before. It is asked again"
                " - a guest without ACPI hotplug lets go of it when it is started again"
            ) from None

    def _undefine(self, handle: Domain) -> None:
        try:
            self._connection.request(handle.undefineFlags, _UNDEFINE)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                raise
            # The test driver knows neither nvram nor checkpoints.
            self._connection.request(handle.undefineFlags, _UNDEFINE_TEST)


def _sources(config: DomainConfig) -> dict[str, str | None]:
    """Returns the files by the disk's name. Drives may be given any medium, and the seed is made again with its spec."""
    return {disk.name: disk.source for disk in config.disks if disk.device == "disk" and not disk.read_only}


def _nic_text(nic: NicConfig) -> str:
    try:
        return to_text(build_nic(nic))
    except ValueError as error:
        raise Refused(str(error)) from error


def _is_off(seen: ObservedDomain | None) -> bool:
    return seen is None or not seen.state.active


def _is_going(seen: ObservedDomain | None) -> bool:
    """Tells whether it is off, or on its way: it answered the request a moment ago."""
    return seen is None or not seen.state.active or seen.state is DomainState.SHUTTING_DOWN


def _has_device(seen: ObservedDomain | None, action: act.DetachDisk | act.DetachNic) -> bool:
    if seen is None or seen.live is None:
        return False
    if isinstance(action, act.DetachDisk):
        return any(disk.target == action.disk.target for disk in seen.live.disks)
    return any(nic.mac == action.nic.mac for nic in seen.live.nics)
