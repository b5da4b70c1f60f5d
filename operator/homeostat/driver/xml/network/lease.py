"""What we read of a libvirt network's definition."""

from __future__ import annotations

from ..elements import Element

LEASE_SECONDS = 3600.0  # dnsmasq's own, where the network names none
_UNITS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0}


def lease_seconds(root: Element) -> float | None:
    """Returns for how long its DHCP server gives an address at most; None: forever. https://libvirt.org/formatnetwork.html"""
    found = [LEASE_SECONDS]
    for lease in root.iterfind("ip/dhcp//lease"):
        seconds = float(lease.get("expiry", "0")) * _UNITS.get(lease.get("unit", "minutes"), 60.0)
        if seconds <= 0:
            return None
        found.append(seconds)
    return max(found[1:] or found)
