"""What only one machine of a host can have: ports, MACs on a network, files, and the name of its domain. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from homeostat.models.listening import Listener, covers, listeners
from homeostat.models.machine import VirtualMachine

from ...domain import DomainConfig
from ...network.plugged import PluggedRef
from ...observed import Observed, ObservedDomain
from ...plan import Stalled, Waiting
from ..identity import disk_path, domain_name, domain_uuid, mac_address

RETRY_SECONDS = 30.0  # an extra reconcile costs little; a release causes an event at once


class Standing(IntEnum):
    """How much of what it claims a machine has already. The one that has more keeps it."""

    WANTS = 0
    DEFINED = 1
    RUNS = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that only one machine can have. ``address``: of a port; two ports collide where one address covers the other. The
    other fields are for messages."""

    kind: str  # tcp | udp | mac | tap | cid | device | name | uuid | file
    what: str
    address: str = ""
    told: str = field(default="", compare=False)
    mend: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Returns the key of ``Observed.others``; for a file its path alone."""
        return self.what if self.kind == "file" else ":".join(filter(None, (self.kind, self.address, self.what)))

    @property
    def slot(self) -> tuple[str, str]:
        """Equal for claims that collide."""
        return self.kind, self.what

    def collides(self, other: Claim) -> bool:
        return self.slot == other.slot and (self.address == other.address or covers(self.address, other.address))


def standing(domain: ObservedDomain | None) -> Standing:
    if domain is None:
        return Standing.WANTS
    half_way = domain.state.active or domain.managed_save  # what is saved goes on with the same run of its guest
    return Standing.RUNS if half_way else Standing.DEFINED


def claims_of(machine: VirtualMachine, storage_root: str) -> Iterator[Claim]:
    """Yields what its spec asks for."""
    spec, name = machine.spec, domain_name(machine)
    yield Claim("name", name, told=f"its domain would be named {name!r}, which", mend="rename one of the two")
    yield Claim("uuid", domain_uuid(machine.identity), told="its identity", mend="take its annotation away")
    for listener in listeners(spec.nics, spec.display.vnc):
        yield _port(listener)
    for nic in spec.nics:
        if on := nic.network or nic.bridge:  # in user mode each machine is alone on its network
            mac = nic.mac or mac_address(machine.identity, nic.name)
            yield _mac("bridge" if nic.bridge else "network", on, mac, nic.name)
            if isinstance(nic.network_ref, PluggedRef) and nic.network_ref.bridge:
                yield _mac("bridge", nic.network_ref.bridge, mac, nic.name)
        if nic.tap:
            yield _tap(nic.tap.name, nic.name)
    if spec.vsock and spec.vsock.cid is not None:
        yield _cid(spec.vsock.cid)
    for device in spec.host_devices:
        yield _device(*device.asked, device.name)
    for disk in spec.disks:
        if disk.type == "disk" and storage_root:
            path = disk_path(storage_root, machine, disk.name)
            told = f"Disk {disk.disk_ref.name}" if disk.disk_ref else f"its file {path}"
            yield Claim("file", path, told=f"disks[{disk.name}]: {told}", mend=_MEND if disk.disk_ref else "detach it there")


def claims_held(domain: ObservedDomain | None) -> Iterator[Claim]:
    """Yields what its domain has, or will have when it goes on or starts next, whatever the spec says by now."""
    for config in {id(config): config for config in domain.configs}.values() if domain else ():
        yield from _of_config(config)
    if domain and domain.vnc and domain.state.active:
        address, _, port = domain.vnc.rpartition(":")
        yield Claim("tcp", port, address.strip("[]"))


def ports_wanted(machine: VirtualMachine, domain: ObservedDomain | None, others: Mapping[str, str]) -> Mapping[str, Listener]:
    """Returns the ports that it is to listen on and does not yet, and that no other machine has. The keys are those of
    ``Observed.ports``."""
    runs = domain is not None and domain.state.active
    if machine.deleting or (runs and domain is not None and domain.live is None):
        return {}
    found = [(listener, _port(listener)) for listener in listeners(machine.spec.nics, machine.spec.display.vnc)]
    opened = list(claims_held(replace(domain, config=None))) if found and runs and domain is not None else []
    return {
        str(claim): listener
        for listener, claim in found
        if str(claim) not in others and not any(claim.collides(own) for own in opened)
    }


def _of_config(config: DomainConfig) -> Iterator[Claim]:
    for nic in config.nics:
        for forward in nic.forwards:
            yield Claim(forward.protocol, str(forward.host_port), forward.host_address)
        if nic.kind == "ethernet":
            yield _tap(nic.source, nic.name)
        elif nic.source:
            yield _mac(nic.kind, nic.source, nic.mac, nic.name)
    if config.vsock and config.vsock.cid is not None:
        yield _cid(config.vsock.cid)
    for device in config.host_devices or ():
        yield _device(device.kind, device.address, device.name)
    for disk in config.disks:
        if disk.source and not disk.read_only:
            yield Claim("file", disk.source)


def _port(listener: Listener) -> Claim:
    named = "hostPort" if listener.field.startswith("nics") else "port"
    return Claim(
        listener.protocol, str(listener.port), listener.address, f"{listener.field} {listener}", f"choose another {named}"
    )


def _tap(device: str, nic: str) -> Claim:
    return Claim("tap", device, told=f"nics[{nic}]: tap {device}", mend="choose another name")


def _cid(cid: int) -> Claim:
    return Claim("cid", str(cid), told=f"vsock: cid {cid}", mend="choose another cid")


def _device(kind: str, address: str, name: str) -> Claim:
    return Claim("device", f"{kind} {address}", told=f"hostDevices[{name}]: {kind} {address}", mend="stop that one first")


def _mac(kind: str, on: str, mac: str, nic: str) -> Claim:
    return Claim("mac", f"{mac} on {kind} {on}", told=f"nics[{nic}]: mac {mac} on {kind} {on}", mend="choose another mac")


_MEND = "one machine at a time has a Disk: remove it from one of the two, or make a copy of it (another Disk, source.diskRef)"
UNTIL_DONE = ", until that is done with it"
"""Ends the name of a holder that lets go by itself: a Disk that is being made, copied or grown."""
ADDRESS_MISSING = "AddressMissing"
PORT_FORBIDDEN = "PortForbidden"
_REASONS = {
    "tcp": "PortTaken",
    "udp": "PortTaken",
    "mac": "MacTaken",
    "tap": "TapTaken",
    "cid": "CidTaken",
    "device": "HostDeviceTaken",
    "file": "DiskTaken",
}


def named_as(machine: VirtualMachine, observed: Observed) -> Stalled | None:
    """Says who has its domain's name or identity: then it can have no domain."""
    if not observed.others:
        return None
    for claim in claims_of(machine, ""):
        if claim.kind in ("name", "uuid") and (holder := observed.others.get(str(claim))):
            return Stalled("NameInUse", f"{claim.told} is taken by {holder}: {claim.mend}")
    return None


def contested(machine: VirtualMachine, observed: Observed) -> list[tuple[str, str]]:
    """Returns what it cannot run without and another machine or program of the host has: reasons and messages."""
    if not observed.others and not observed.ports:
        return []
    found = []
    for claim in claims_of(machine, observed.host.storage_root):
        port = observed.ports.get(str(claim))
        holder = observed.others.get(str(claim)) or (port.holder if port else "")
        if claim.kind in _REASONS and holder:
            mend = "" if holder.endswith(UNTIL_DONE) else f": {claim.mend}"
            found.append((_REASONS[claim.kind], f"{claim.told} is taken by {holder}{mend}"))
        elif port is not None and port.lowest:
            found.append((PORT_FORBIDDEN, f"{claim.told}: {_let_it(port.lowest, claim, observed.host.name)}"))
        elif port is not None:
            mend = f"host {observed.host.name} has no address {claim.address}: choose one of its own"
            found.append((ADDRESS_MISSING, f"{claim.told}: {mend}"))
    return found


def _let_it(lowest: int, claim: Claim, host: str) -> str:
    let = f"`sysctl -w net.ipv4.ip_unprivileged_port_start={claim.what}`"
    return f"QEMU may not listen below {lowest} on host {host}: {claim.mend}, or let it there ({let})"


def taken(machine: VirtualMachine, observed: Observed) -> Waiting | None:
    """Says why it cannot start, or get a new device, until another one releases something."""
    found = contested(machine, observed)
    return Waiting(found[0][0], "; ".join(message for _, message in found), RETRY_SECONDS) if found else None
