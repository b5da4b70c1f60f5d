"""A NAT network for the rig: a subnet and a bridge name that nothing else on this machine uses."""

from __future__ import annotations

import ipaddress
import subprocess
import zlib
from pathlib import Path

from tests.rig.claims import Claim, claim

_kept: dict[int, Claim] = {}

# no-ping: dnsmasq would first ping an address for 3 s to see whether it is free.
NETWORK_XML = """<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='{bridge}' stp='off' delay='0'/>
  <ip address='{gateway}' netmask='255.255.255.0'>
    <dhcp><range start='{first}' end='{last}'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options>
</network>
"""


def bridge_name(directory: Path) -> str:
    """Returns the same name for the same rig folder, within the kernel's 15 characters."""
    return f"hsrig{zlib.crc32(str(directory).encode()):08x}"


def free_subnet(seed: int) -> ipaddress.IPv4Network:
    """Returns a /24 of 192.168.0.0/16 that overlaps no route of this machine. Keeps it from other processes that ask here until
    this one ends: what is only chosen has no route yet. The seed spreads those who ask."""
    listing = subprocess.run(["ip", "-4", "route", "show", "table", "all"], capture_output=True, text=True, check=True)
    used = [network for line in listing.stdout.splitlines() if (network := _route(line)) is not None]
    numbers = [100 + (seed + step) % 156 for step in range(156)]
    for number in sorted(numbers, key=lambda number: number in _kept):  # what this process had before comes last
        candidate = ipaddress.IPv4Network(f"192.168.{number}.0/24")
        if not any(candidate.overlaps(network) for network in used) and _keep(number):
            return candidate
    raise RuntimeError("no free /24 in 192.168.100.0 to 192.168.255.0: remove a network that is not needed")


def _keep(number: int) -> bool:
    """Returns whether 192.168.``number``.0/24 is this process's until it ends."""
    if number not in _kept and (claimed := claim("subnets", [number])) is not None:
        _kept[number] = claimed
    return number in _kept


def free_gateway(place: Path) -> str:
    """Returns the first address of a free /24, as ``192.168.100.1/24``: other tests make networks on this machine, too. ``place``
    is the test's own."""
    return f"{free_subnet(zlib.crc32(str(place).encode()) + 31)[1]}/24"


def _route(line: str) -> ipaddress.IPv4Network | None:
    words = line.split()
    word = words[1] if words[0] in {"local", "broadcast", "blackhole", "unreachable"} else words[0]
    if word == "default":
        return None
    return ipaddress.IPv4Network(word, strict=False)


def network_xml(bridge: str, subnet: ipaddress.IPv4Network) -> str:
    """Returns libvirt's definition of the network `default`: gateway .1, leases .2 to .254."""
    return NETWORK_XML.format(bridge=bridge, gateway=subnet[1], first=subnet[2], last=subnet[254])
