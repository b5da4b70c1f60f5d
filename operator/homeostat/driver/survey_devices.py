"""Which devices a host can give machines: TPMs that it emulates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import libvirt

from homeostat.planner.domain import DomainType
from homeostat.planner.observed import HostFacts

from .connection import LibvirtConnection
from .translate import is_lost
from .xml import parse_xml
from .xml.elements import Element

CHIPSETS = ("q35", "pc")  # spec.machine.type


def survey_devices(connection: LibvirtConnection, facts: HostFacts) -> HostFacts:
    """Reads what may come while the host is up, with a few calls: a package is installed, a card is plugged in."""
    return replace(facts, tpms=_tpms(connection, facts.domain_types))


def capabilities_of(connection: LibvirtConnection, chipset: str, kind: DomainType) -> Element | None:
    """Returns what a machine can have; None where the driver does not say it, or QEMU does not know the chipset."""
    try:
        told = connection.request(connection.handle.getDomainCapabilities, None, "x86_64", chipset, kind.value)
    except libvirt.libvirtError as error:
        if is_lost(error):
            raise
        return None
    return parse_xml(told)


def _tpms(connection: LibvirtConnection, kinds: Iterable[DomainType]) -> frozenset[str] | None:
    """Returns the versions of TPMs that swtpm can emulate there now; None where libvirt does not say it."""
    for kind in sorted(kinds):
        found = capabilities_of(connection, CHIPSETS[0], kind)
        if found is not None and (tpm := found.find("devices/tpm")) is not None:
            backends, versions = ({v.text or "" for v in tpm.iterfind(f"enum[@name='{n}']/value")} for n in _TPM)
            return frozenset(versions) if "emulator" in backends else frozenset()
    return None


_TPM = ("backendModel", "backendVersion")
