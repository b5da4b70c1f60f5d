"""What a plan for one Network on one host rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeostat.models.network import Network

from ..observed import HostFacts
from .config import NetworkConfig


@dataclass(frozen=True, slots=True)
class ObservedNetwork:
    """One libvirt network, ours or not, as it was when last read."""

    name: str
    uuid: str
    active: bool
    persistent: bool
    autostart: bool
    config: NetworkConfig  # what its next start uses
    live: NetworkConfig | None = None  # what is up; None: it is not active
    guests: tuple[str, ...] = ()  # domains that libvirt has plugged into it
    torn: bool = False  # up as libvirt has it, while the bridge that it made has gone from the host: nothing passes it


@dataclass(frozen=True, slots=True)
class NetworkBeside:
    """Another Network that the host is to have. ``guests``: running machines with a nic on it."""

    network: Network
    guests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    """The host, its networks, and who uses the one that is planned."""

    host: HostFacts
    networks: Mapping[str, ObservedNetwork] = field(default_factory=dict)  # by name
    users: Mapping[str, str] = field(default_factory=dict)
    """Resources that name it in their specs, such as vm/web; for a machine with the name of its domain."""
    guests: tuple[str, ...] = ()  # running machines with a nic on it
    unselected: str = ""  # why this host is not to have it
    rival: str = ""  # another Network that has the same libvirt network
    beside: tuple[NetworkBeside, ...] = ()
