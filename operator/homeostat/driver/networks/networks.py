"""The host's libvirt networks: read when they are asked for, and changed by actions, of which this decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import libvirt

from homeostat.planner.network import actions as act
from homeostat.planner.network.config import DnsConfig, LeaseConfig, NetworkConfig
from homeostat.planner.network.observed import ObservedNetwork

from .. import faults
from ..connection.connection import LibvirtConnection
from ..errors import DriverError, NetworkMissing, Refused, ResourceInUse
from ..survey.survey import is_local, is_test
from ..xml import to_text
from ..xml.network import build_network, connections, guest_of, parse_network
from ..xml.network.addresses import build_lease, build_range
from ..xml.network.dns import build_host
from .links import lacks

_log = logging.getLogger(__name__)

LibvirtNetwork: TypeAlias = Any  # the binding has no types
_COMMANDS = {"add": libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, "delete": libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE}


class HostNetworks:
    """The networks of one host. ``fence`` is called just before each change, and raises where we may not act."""

    def __init__(self, connection: LibvirtConnection, fence: Callable[[], None] = lambda: None) -> None:
        self._connection, self._fence = connection, fence
        self._known: Mapping[str, ObservedNetwork] | None = None
        self._seen: Mapping[str, ObservedNetwork] = {}  # when they were read last
        self._defined: dict[str, str] = {}  # by name, where the driver does not tell a definition from what is up
        self._changes = 0  # so that a reading which began before a change is not kept
        self.asked = False  # whether anybody wants to know of them: else nothing is read

    async def all(self) -> Mapping[str, ObservedNetwork]:
        """Returns every network by its name, as it was when something last changed.

        Raises:
            DriverError: they cannot be read.
        """
        self.asked = True
        if self._known is not None:
            return self._known
        changes = self._changes
        found = await self._connection.run(self._read_all, "read the networks")
        self._seen = found
        if changes == self._changes:
            self._known = found
        return found

    def forget(self) -> None:
        """Forgets what was read: something changed, or a guest came or went, of which no event of a network tells."""
        self._known, self._changes = None, self._changes + 1

    async def recheck(self) -> bool:
        """Reads them again where anybody asked, and returns whether they differ: no event tells of an update of one that is up.

        Raises:
            DriverError: they cannot be read.
        """
        if not self.asked:
            return False
        before = self._seen
        self.forget()
        return await self.all() != before

    async def execute(self, action: act.NetworkAction) -> None:
        """Carries one action out.

        Raises:
            DriverError: it could not be done.
        """
        try:
            await self._connection.run(lambda: self._perform(action), _doing(action))
        except ValueError as error:
            raise Refused(f"cannot {_doing(action)}: {error}") from error
        finally:
            self.forget()

    # On one of the connection's threads

    def _read_all(self) -> Mapping[str, ObservedNetwork]:
        found: dict[str, ObservedNetwork] = {}
        for network in self._connection.request(self._connection.handle.listAllNetworks, 0):
            try:
                seen = self._read(network)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:
                    raise
            else:
                found[seen.name] = seen
        return found

    def _read(self, network: LibvirtNetwork) -> ObservedNetwork:
        request = self._connection.request
        name, uuid, active = network.name(), network.UUIDString(), bool(request(network.isActive))
        config, live, guests = _parsed_text(name, uuid, self._definition(network)), None, tuple[str, ...]()
        if active:
            text = str(request(network.XMLDesc, 0))
            live, guests = _parsed_text(name, uuid, text), self._guests(network) if connections(text) else ()
        persistent = bool(request(network.isPersistent))
        autostart = persistent and bool(request(network.autostart))
        return ObservedNetwork(name, uuid, active, persistent, autostart, config, live, guests, self._is_torn(live))

    def _is_torn(self, live: NetworkConfig | None) -> bool:
        """Tells whether the bridge of one that is up has gone (`ip link delete`), of which libvirt takes no notice."""
        uri = self._connection.uri
        if live is None or not live.bridge or live.mode == "bridge" or not is_local(uri) or is_test(uri):
            return False
        return lacks(live.bridge)

    def _definition(self, network: LibvirtNetwork) -> str:
        """Returns what its next start will use. The test driver does not say that of one that is up: then it is what we defined
        last."""
        try:
            return str(self._connection.request(network.XMLDesc, libvirt.VIR_NETWORK_XML_INACTIVE))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                raise
        return self._defined.get(network.name()) or str(self._connection.request(network.XMLDesc, 0))

    def _guests(self, network: LibvirtNetwork) -> tuple[str, ...]:
        """Returns the domains that are plugged in."""
        try:
            ports = self._connection.request(network.listAllPorts)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
                raise
            return ("one that libvirt does not name",)
        return tuple(sorted({guest_of(str(self._connection.request(port.XMLDesc, 0))) for port in ports}))

    def _perform(self, action: act.NetworkAction) -> None:
        """Carries the action out. Everything else but a definition needs a network that is there and whose it should be."""
        request = self._connection.request
        if isinstance(action, act.ReleaseNetwork):
            raise TypeError("ReleaseNetwork is the store's to carry out")
        if isinstance(action, act.DefineNetwork):
            return self._define(action)
        network = self._found(action.name)
        if network is None:
            raise NetworkMissing(f"cannot {_doing(action)}: it has gone meanwhile; it is looked at again")
        self._check_owner(network, action.owner)
        self._fence()
        with faults.around(action):
            match action:
                case act.SetNetworkAutostart():
                    request(network.setAutostart, 1)
                case act.StartNetwork():
                    if not request(network.isActive):
                        request(network.create)
                case act.UpdateNetwork():
                    self._update(network, action)
                case act.DestroyNetwork():
                    self._destroy(network, action)
                case act.UndefineNetwork():
                    request(network.undefine)
                    self._defined.pop(action.name, None)

    def _define(self, action: act.DefineNetwork) -> None:
        config, request = action.config, self._connection.request
        network, text = self._found(config.name), None
        if network is not None:
            self._check_owner(network, action.owner)
            text = self._definition(network)
        made = build_network(config, text)
        self._fence()
        with faults.around(action):
            request(self._connection.handle.networkDefineXML, made)
        if is_test(self._connection.uri):
            self._defined[config.name] = made

    def _update(self, network: LibvirtNetwork, action: act.UpdateNetwork) -> None:
        """Updates what is up; its definition has the entry already. Names the address by its place, where one is meant."""
        live = parse_network(str(self._connection.request(network.XMLDesc, 0)))
        places = [address.cidr for address in live.addresses or ()]
        if action.address and action.address not in places:
            raise DriverError(f"network {action.name} has no address {action.address} by now; it is looked at again")
        place = places.index(action.address) if action.address else -1
        match action.entry:
            case LeaseConfig():
                section, entry = libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, build_lease(action.entry)
            case DnsConfig() if action.command == "delete":  # by its address: a name may stand at another one, too
                section, entry = libvirt.VIR_NETWORK_SECTION_DNS_HOST, build_host(replace(action.entry, names=()))
            case DnsConfig():
                section, entry = libvirt.VIR_NETWORK_SECTION_DNS_HOST, build_host(action.entry)
            case both:
                section, entry = libvirt.VIR_NETWORK_SECTION_IP_DHCP_RANGE, build_range(both)
        live_only = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
        self._connection.request(network.update, _COMMANDS[action.command], section, place, to_text(entry), live_only)

    def _destroy(self, network: LibvirtNetwork, action: act.DestroyNetwork) -> None:
        """Takes it down, unless a guest came to it in the meantime, or it is down already. Whose bridge has gone cuts nobody off
        any more."""
        if not self._connection.request(network.isActive):
            return
        text = str(self._connection.request(network.XMLDesc, 0))
        if (count := connections(text)) and not self._is_torn(parse_network(text)):
            raise ResourceInUse(f"cannot take network {action.name} down: {count} guests are plugged in by now")
        self._connection.request(network.destroy)

    def _found(self, name: str) -> LibvirtNetwork | None:
        try:
            return self._connection.request(self._connection.handle.networkLookupByName, name)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:
                raise
            return None

    def _check_owner(self, network: LibvirtNetwork, owner: str) -> None:
        """Checks whose it is just before it is changed.

        Raises:
            Refused: it is somebody else's.
        """
        record = _parsed_text(network.name(), network.UUIDString(), self._definition(network)).record
        if (record.uid if record else "") != owner:
            raise Refused(f"network {network.name()} is not this Network's (its record says otherwise): it is left alone")


def _parsed_text(name: str, uuid: str, text: str) -> NetworkConfig:
    """Reads a definition. One that cannot be read counts as somebody else's."""
    try:
        return parse_network(text)
    except ValueError as error:
        _log.warning("network %s is left alone, since its definition cannot be read: %s", name, error)
        return NetworkConfig(name, uuid)


def _doing(action: act.NetworkAction) -> str:
    match action:
        case act.DefineNetwork():
            return f"define network {action.config.name}"
        case act.SetNetworkAutostart():
            return f"set autostart of network {action.name}"
        case act.StartNetwork():
            return f"start network {action.name}"
        case act.UpdateNetwork():
            return f"update network {action.name}"
        case act.DestroyNetwork():
            return f"take network {action.name} down"
        case act.UndefineNetwork():
            return f"undefine network {action.name}"
        case act.ReleaseNetwork():
            return "release it"
