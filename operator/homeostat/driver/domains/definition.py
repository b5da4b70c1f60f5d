"""The definition of a domain: made, replaced, renamed, removed, and our record in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libvirt

from homeostat.planner import actions as act
from homeostat.planner.observed import ObservedDomain

from .. import faults
from ..connection.connection import LibvirtConnection
from ..connection.events import Aspect, EventKind
from ..errors import DomainChanged, DomainGone, DriverError, NameTaken, Refused
from ..xml import NAMESPACE, PREFIX, build_domain, build_plain, parse_domain, to_text
from .inventory import Inventory
from .step import CONFIG, LIVE, Domain, DomainStep, sources_of

_UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
_UNDEFINE_TEST = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA


class Definitions:
    """Executes the actions on definitions. ``fence``: see DomainActions."""

    def __init__(self, connection: LibvirtConnection, inventory: Inventory, fence: Callable[[], None]) -> None:
        self._connection, self._inventory, self._fence = connection, inventory, fence

    def step(self, action: act.SetAutostart | act.RenameDomain | act.UndefineDomain) -> DomainStep:
        request = self._connection.request
        match action:
            case act.SetAutostart(uuid, enabled):
                set_it = lambda d: request(d.setAutostart, int(enabled))  # noqa: E731
                return DomainStep(uuid, "set autostart of", set_it, becomes=lambda known: replace(known, autostart=enabled))
            case act.RenameDomain(uuid, name):
                # libvirt renames no domain that has snapshots; it also runs under the name that it has.
                rename = lambda d: request(d.rename, name, 0)  # noqa: E731
                return DomainStep(uuid, "rename", rename, Aspect.STATE | Aspect.CONFIG, done=lambda _: True)
            case act.UndefineDomain(uuid):
                return DomainStep(uuid, "undefine", self._undefine, done=lambda seen: seen is None)

    async def define(self, action: act.DefineDomain) -> None:
        config = action.config
        uuid = config.uuid
        async with self._inventory.exclusively(uuid):
            known = self._inventory.get(uuid)
            namesake = self._inventory.named(config.name)
            if known is not None:
                self._inventory.own(uuid)
            if namesake is not None and namesake.uuid != uuid:
                raise NameTaken(f"another domain ({namesake.uuid}) has the name {config.name}: rename one of them")
            self._inventory.expect(uuid, EventKind.DEFINED)
            try:
                seen = await self._connection.run(lambda: self._perform_define(action, known), f"define machine {config.name}")
            except (DriverError, ValueError) as error:
                self._inventory.unexpect(uuid, EventKind.DEFINED)
                if isinstance(error, DomainChanged):
                    self._inventory.reread(uuid)
                if isinstance(error, ValueError):
                    raise Refused(f"machine {config.name} cannot be defined: {error}") from error
                raise
            self._inventory.accept(uuid, seen)

    def _perform_define(self, action: act.DefineDomain, known: ObservedDomain | None) -> ObservedDomain | None:
        """Defines the domain, on one of the connection's threads. Never undefines: a new definition replaces the old one."""
        config, request = action.config, self._connection.request
        observed = self._full_definition(config.uuid) if known is not None else None
        text = build_domain(config, observed)
        if observed is not None and known is not None:
            self._check_disks(action, observed, known.state.active)
        self._fence()
        with faults.around(action):
            handle = self._connection.remember(config.uuid, request(self._connection.handle.defineXML, text))
        # A domain that was undefined while it ran is persistent again, and no longer starts with the host.
        flags = Aspect.FLAGS if known is not None and not known.persistent else Aspect.STATE
        return self._inventory.read(config.uuid, Aspect.STATE | Aspect.CONFIG | flags, handle, new=known is None)

    def _check_disks(self, action: act.DefineDomain, definition: str, active: bool) -> None:
        """Checks on which files the disks are now. No event tells of a snapshot, so the plan may rest on older knowledge.

        Raises:
            DomainChanged: a disk is on another file than ``action`` says, which may hold newer data.
        """
        now = sources_of(parse_domain(definition))
        if active:
            handle = self._connection.domain(action.config.uuid)
            now |= sources_of(parse_domain(self._connection.request(handle.XMLDesc, 0)))
        for name, source in sources_of(action.config).items():
            if name in now and now[name] != source and name not in action.moves:
                raise DomainChanged(
                    f"disks[{name}] of machine {action.config.name} is on {now[name]} by now, where someone put it: "
                    "nothing was defined; it is looked at again"
                )

    def _full_definition(self, uuid: str) -> str:
        """Returns the definition with the secrets that others put into it, so that they are not lost. Read-only connections may
        not ask for those."""
        handle = self._connection.domain(uuid)
        inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
        return str(self._connection.request(handle.XMLDesc, inactive | libvirt.VIR_DOMAIN_XML_SECURE))

    async def write_record(self, action: act.WriteRecord) -> None:
        """Writes the record. Nothing is read back: libvirt stores metadata as it is given."""
        uuid, record = action.uuid, action.record
        text = to_text(build_plain(record))
        async with self._inventory.exclusively(uuid):
            known = self._inventory.own(uuid)
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
        handle = self._connection.domain(action.uuid)
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

    def _undefine(self, handle: Domain) -> None:
        try:
            self._connection.request(handle.undefineFlags, _UNDEFINE)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                raise
            # The test driver knows neither nvram nor checkpoints.
            self._connection.request(handle.undefineFlags, _UNDEFINE_TEST)
