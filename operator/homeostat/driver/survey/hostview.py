"""What libvirt says about its host, read once through a connection of its own: for `homeostat doctor`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import libvirt
from lxml import etree

from ..connection import eventloop
from ..connection.aside import aside
from ..connection.translate import translate_connect
from .survey import spelled

TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class NetworkView:
    name: str
    active: bool
    autostart: bool
    bridge: str  # empty where it has none


@dataclass(frozen=True, slots=True)
class HostView:
    """What was read of the host. ``error`` is empty where the rest was read."""

    uri: str
    error: str = ""
    libvirt: str = ""  # version, such as 9.0.0
    hypervisor: str = ""  # name and version
    domain_types: frozenset[str] = frozenset()  # kvm, qemu, test ...
    confinement: tuple[str, ...] = ()  # libvirt's security models, such as apparmor, dac
    qemu_user: tuple[int, int] | None = None  # uid and gid of QEMU; None: ours, or not known
    networks: tuple[NetworkView, ...] = ()

    @property
    def local(self) -> bool:
        """True where the host is this one, so that its files and devices can be read."""
        return not urlsplit(self.uri).hostname

    @property
    def is_qemu(self) -> bool:
        return urlsplit(self.uri).scheme.startswith("qemu")

    @property
    def session(self) -> bool:
        return urlsplit(self.uri).path.startswith("/session")

    @property
    def socket(self) -> str | None:
        """The socket that the URI names."""
        return next(iter(parse_qs(urlsplit(self.uri).query).get("socket", ())), None)


async def read_host(uri: str, timeout: float = TIMEOUT) -> HostView:
    """Reads the host. Never raises: ``error`` says what went wrong."""
    try:
        return await asyncio.wait_for(aside(lambda: _read(uri), "doctor"), timeout)
    except TimeoutError:
        return HostView(uri, f"{uri} did not answer within {timeout:g} s")


def _read(uri: str) -> HostView:
    try:
        eventloop.ensure_running()
        connection = libvirt.open(uri)
    except libvirt.libvirtError as error:
        return HostView(uri, str(translate_connect(error, uri)))
    try:
        capabilities = etree.fromstring(connection.getCapabilities())
        return HostView(
            uri=uri,
            libvirt=spelled(connection.getLibVersion()),
            hypervisor=f"{connection.getType()} {spelled(connection.getVersion())}",
            domain_types=frozenset(d.get("type", "") for d in capabilities.iterfind("guest/arch/domain")),
            confinement=tuple(m.findtext("model", "") for m in capabilities.iterfind("host/secmodel")),
            qemu_user=qemu_user(capabilities),
            networks=_networks(connection),
        )
    except (libvirt.libvirtError, etree.XMLSyntaxError) as error:
        return HostView(uri, f"{uri} answered, but not as expected: {error}")
    finally:
        connection.close()


def qemu_user(capabilities: etree._Element) -> tuple[int, int] | None:
    """Returns uid and gid that QEMU runs with, from the DAC base label (+uid:+gid) in libvirt's capabilities."""
    for model in capabilities.iterfind("host/secmodel"):
        label = model.findtext("baselabel[@type='kvm']") or model.findtext("baselabel")
        if model.findtext("model") == "dac" and label:
            uid, _, gid = label.replace("+", "").partition(":")
            if uid.isdigit() and gid.isdigit():
                return int(uid), int(gid)
    return None


def _networks(connection: Any) -> tuple[NetworkView, ...]:
    try:
        networks = connection.listAllNetworks()
    except libvirt.libvirtError:
        return ()  # drivers without networks
    return tuple(sorted((_network(n) for n in networks), key=lambda n: n.name))


def _network(network: Any) -> NetworkView:
    try:
        bridge = network.bridgeName()
    except libvirt.libvirtError:
        bridge = ""
    return NetworkView(network.name(), bool(network.isActive()), bool(network.autostart()), bridge)
