"""The host's addresses in the network, and what DHCP gives there: ``<ip>``."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from typing import Any

from homeostat.planner.network.config import AddressConfig, LeaseConfig, NetworkConfig

from ..elements import Element, element


def write(root: Element, config: NetworkConfig) -> None:
    if config.addresses is None:
        return
    known = {_cidr(ip): ip for ip in root.findall("ip")}
    wanted = {address.cidr: address for address in config.addresses}
    for cidr, ip in known.items():
        if cidr not in wanted and config.whole:
            root.remove(ip)
    for cidr, address in wanted.items():
        found = known.get(cidr)
        if found is None:
            found = _build_ip(cidr)
            root.append(found)
        _write_dhcp(found, address)


def _build_ip(cidr: str) -> Element:
    own = ip_interface(cidr)
    family = "ipv6" if own.version == 6 else None
    return element("ip", family=family, address=str(own.ip), prefix=str(own.network.prefixlen))


def _write_dhcp(ip: Element, address: AddressConfig) -> None:
    dhcp = ip.find("dhcp")
    if dhcp is None:
        if not (address.ranges or address.leases):
            return
        dhcp = element("dhcp")
        ip.append(dhcp)
    if address.ranges is not None:
        kept = {_range(one): one for one in dhcp.findall("range")}  # with the length of its leases, where others set one
        for one in kept.values():
            dhcp.remove(one)
        dhcp[:0] = [kept[one] if one in kept else build_range(one) for one in address.ranges]
    if address.leases is not None:
        for old in dhcp.findall("host"):
            dhcp.remove(old)
        dhcp.extend(build_lease(lease) for lease in address.leases)
    if not len(dhcp):
        ip.remove(dhcp)


def build_range(both: tuple[str, str]) -> Element:
    return element("range", start=both[0], end=both[1])


def build_lease(lease: LeaseConfig) -> Element:
    return element("host", mac=lease.mac or None, id=lease.duid or None, name=lease.hostname or None, ip=lease.ip or None)


def parse(root: Element) -> dict[str, Any]:
    return {"addresses": tuple(_parse_ip(ip) for ip in root.iterfind("ip"))}


def _parse_ip(ip: Element) -> AddressConfig:
    return AddressConfig(
        _cidr(ip),
        tuple(_range(one) for one in ip.iterfind("dhcp/range")),
        tuple(
            LeaseConfig(one.get("ip", ""), one.get("mac", "").lower(), one.get("id", "").lower(), one.get("name", ""))
            for one in ip.iterfind("dhcp/host")
        ),
    )


def _range(one: Element) -> tuple[str, str]:
    return one.get("start", ""), one.get("end", "")


def _cidr(ip: Element) -> str:
    """Returns the address with its prefix. Without one libvirt takes that of the address's class."""
    own = ip_address(ip.get("address", ""))
    prefix = ip.get("prefix") or ip.get("netmask")
    if prefix is None:
        first = own.packed[0]
        prefix = "64" if own.version == 6 else "8" if first < 128 else "16" if first < 192 else "24"
    return str(ip_interface(f"{own}/{prefix}"))
