"""Nics of a network that are on its bridge, and not of the network: an operator was killed while it plugged them in again.

Nothing is different for the guest, but the network does not know of it. Such a nic counts as one of the network that is not
plugged in: then it is again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import libvirt

from homeostat.planner.domain import DomainConfig

from ..connection.connection import LibvirtConnection

WHY = "on the bridge of its network, and not of the network"


def of_its_network(
    connection: LibvirtConnection, config: DomainConfig, live: DomainConfig
) -> tuple[DomainConfig, Mapping[str, str]]:
    """Returns what runs, with such nics as those of the network that their definition names, and by nic why it is not plugged
    in. Asks libvirt only where a nic of a network is on a bridge."""
    defined = {nic.name: nic for nic in config.nics if nic.kind == "network" and nic.source}
    halfway = {
        nic.name: replace(nic, kind="network", source=defined[nic.name].source)
        for nic in live.nics
        if nic.kind == "bridge" and nic.name in defined and nic.source == _bridge_of(connection, defined[nic.name].source)
    }
    if not halfway:
        return live, {}
    return replace(live, nics=tuple(halfway.get(nic.name, nic) for nic in live.nics)), dict.fromkeys(halfway, WHY)


def _bridge_of(connection: LibvirtConnection, network: str | None) -> str | None:
    try:
        found: Any = connection.request(connection.handle.networkLookupByName, network)
        return str(connection.request(found.bridgeName))
    except libvirt.libvirtError:  # it has none, or is not there
        return None
