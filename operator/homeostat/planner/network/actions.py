"""The closed union of what the operator can do to a libvirt network. Each action gives its reason.

``owner`` is the uid that the network's record must have by the time of the action; empty: an adopted one, which has no record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .config import DnsConfig, LeaseConfig, NetworkConfig


@dataclass(frozen=True, slots=True)
class DefineNetwork:
    """Creates or changes the definition; what is up goes on as it is."""

    config: NetworkConfig
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetNetworkAutostart:
    """Has it started with the host."""

    name: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class StartNetwork:
    name: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class UpdateNetwork:
    """Adds or deletes one entry of what is up, and interrupts nobody. ``address``: the host's address that a range or a lease
    is of; empty for DNS."""

    name: str
    owner: str
    command: Literal["add", "delete"]
    entry: tuple[str, str] | LeaseConfig | DnsConfig
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class DestroyNetwork:
    """Takes it down. The driver refuses that while a guest is plugged into its bridge."""

    name: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndefineNetwork:
    name: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseNetwork:
    """Ends the teardown on this host: the resource may go."""

    reason: str


NetworkAction = (
    DefineNetwork | SetNetworkAutostart | StartNetwork | UpdateNetwork | DestroyNetwork | UndefineNetwork | ReleaseNetwork
)
