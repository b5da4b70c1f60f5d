"""The whole domain, composed of its families: one visible list, in the order libvirt prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from homeostat.planner.domain import DomainConfig

from . import arguments, boot, cpu, forwards, general, io_threads, memory_backing, platform, record, smbios
from .carry import carry_over
from .devices import (
    agent,
    console,
    controllers,
    disks,
    display,
    filesystems,
    host_devices,
    nics,
    rng,
    shared_memory,
    sound,
    tpm,
    vsock,
    watchdog,
)
from .elements import Element, element, parse_xml, to_text


class Family(Protocol):
    """One device family: writes its part of the definition, and reads it. ``PARENT`` is domain, metadata or devices."""

    PARENT: str

    def build(self, config: DomainConfig, /) -> Iterator[Element]: ...

    def parse(self, root: Element, /) -> dict[str, Any]: ...


FAMILIES: tuple[Family, ...] = (
    general,
    record,
    arguments,
    boot,
    cpu,
    smbios,
    memory_backing,
    io_threads,
    controllers,
    disks,
    nics,
    console,
    agent,
    display,
    sound,
    watchdog,
    tpm,
    filesystems,
    host_devices,
    shared_memory,
    vsock,
    platform,
    rng,
)

# What reads nothing but devices of one tag, and need not be asked where there are none, as in most domains.
_ONLY: Mapping[Any, str] = {
    disks: "disk",
    sound: "sound",
    watchdog: "watchdog",
    tpm: "tpm",
    filesystems: filesystems.TAG,
    host_devices: host_devices.TAG,
    shared_memory: shared_memory.TAG,
    vsock: vsock.TAG,
}


def build_domain(config: DomainConfig, observed: str | None = None) -> str:
    """Builds the definition. ``observed`` is the present inactive XML of the same domain. Its own choices (addresses, machine
    version, nvram, what others added) are carried over.

    Raises:
        ValueError: it cannot be expressed, or ``observed`` is another domain.
    """
    root = build_root(config)
    if observed is not None:
        carry_over(config, root, parse_xml(observed))
    return to_text(root)


def build_root(config: DomainConfig) -> Element:
    root = element("domain", type_=config.type.value)
    metadata, devices = element("metadata"), element("devices")
    parents = {"domain": root, "metadata": metadata, "devices": devices}
    for family in FAMILIES:
        parents[family.PARENT].extend(family.build(config))
    metadata.extend(forwards.build_metadata(config))
    if len(metadata):
        root.insert(2, metadata)
    root.append(devices)
    root.extend(arguments.build_commandline(config))
    return root


def parse_domain(xml: str) -> DomainConfig:
    """Reads what ``build_domain`` wrote, or what libvirt made of it.

    ``name`` of disks and nics comes from our aliases, which every driver keeps. A device without one is not ours, and is named by
    its path or MAC. A VNC password is never read back.

    Raises:
        ValueError: not domain XML.
    """
    return parse_root(parse_xml(xml))


def parse_root(root: Element) -> DomainConfig:
    values: dict[str, Any] = {}
    tags = {device.tag for device in root.iterfind("devices/*")}
    for family in FAMILIES:
        if _ONLY.get(family) in (None, *tags):
            values |= family.parse(root)
    return DomainConfig(**values)
