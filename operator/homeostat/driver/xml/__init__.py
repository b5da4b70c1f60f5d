"""DomainConfig <-> libvirt domain XML, one device family per file (see domain.FAMILIES)."""

from __future__ import annotations

from .devices.disks import build_disk
from .devices.nics import build_nic
from .domain import build_domain, parse_domain, parse_root
from .elements import parse_xml, to_text
from .record import NAMESPACE, PREFIX, build_plain, has_record

__all__ = [
    "NAMESPACE",
    "PREFIX",
    "build_disk",
    "build_domain",
    "build_nic",
    "build_plain",
    "has_record",
    "parse_domain",
    "parse_root",
    "parse_xml",
    "to_text",
]
