"""One action on a domain as libvirt calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import libvirt

from homeostat.planner.domain import DomainConfig
from homeostat.planner.observed import ObservedDomain

from ..connection.events import Aspect, EventKind

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG

Domain: TypeAlias = Any  # the binding has no types


@dataclass(frozen=True, slots=True)
class DomainStep:
    """One action as libvirt calls. ``call`` runs on a thread with the domain's handle. ``done`` tells from a reading that a
    refusal does not matter, because the wanted state is there already. ``becomes`` is set where the result is certain, so nothing
    need be read. ``at_once``: QEMU answers it at once, unless it hangs."""

    uuid: str
    doing: str
    call: Callable[[Domain], object]
    reads: Aspect = Aspect.STATE
    causes: EventKind | None = None
    done: Callable[[ObservedDomain | None], bool] = lambda _: False
    becomes: Callable[[ObservedDomain], ObservedDomain] | None = None
    at_once: bool = False


def sources_of(config: DomainConfig) -> dict[str, str | None]:
    """Returns the files by the disk's name. Drives may be given any medium, and the seed is made again with its spec."""
    return {disk.name: disk.source for disk in config.disks if disk.device == "disk" and not disk.read_only}
