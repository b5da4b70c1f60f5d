"""The host's facts: what it can run, how large it is, which networks and bridges are up."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import libvirt

from homeostat.planner.domain import DomainType
from homeostat.planner.observed import HostFacts

from ..connection.connection import LibvirtConnection
from ..connection.translate import is_lost
from ..xml import parse_xml
from .devices import CHIPSETS, capabilities_of, survey_devices

MIB = 2**20
CPU_FEATURES = Path("/usr/share/libvirt/cpu_map/x86_features.xml")


def is_local(uri: str) -> bool:
    """Tells whether libvirt's files and processes are on this machine."""
    parts = urlsplit(uri)
    return not parts.hostname and parts.scheme.split("+")[0] in ("qemu", "test")


def same_libvirt(one: str, other: str) -> bool:
    """Tells whether two addresses are certainly those of one libvirt, differently written. Of others it is not known."""
    return _plain(one) == _plain(other)


def _plain(uri: str) -> tuple[str, str, str, dict[str, list[str]]]:
    """Returns an address without what makes no difference: slashes and links in its paths."""
    parts = urlsplit(uri)
    options = parse_qs(parts.query)
    for name in ("socket", "root") if is_local(uri) else ():
        if name in options:
            options[name] = [os.path.realpath(path) for path in options[name]]
    path = os.path.normpath(f"/{parts.path.lstrip('/')}") if is_local(uri) else parts.path
    return parts.scheme.replace("+unix", ""), parts.netloc.lower(), path, options


def is_test(uri: str) -> bool:
    return urlsplit(uri).scheme.split("+")[0] == "test"


def pid_folders(uri: str, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Returns the folders where libvirt's QEMU driver has NAME.pid."""
    parts, options = urlsplit(uri), parse_qs(urlsplit(uri).query)
    if not is_local(uri) or is_test(uri):
        return ()
    if parts.path == "/embed":
        return tuple(Path(root, "run", "qemu") for root in options.get("root", []))
    if "socket" in options:  # a private libvirtd, whose state is beside its socket
        return (Path(options["socket"][0]).parent / "qemu",)
    if parts.path == "/session":
        runtime = environment.get("XDG_RUNTIME_DIR")
        home = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '')}/.cache"
        return (*([Path(runtime, "libvirt/qemu/run")] if runtime else []), Path(home, "libvirt/qemu/run"))
    return (Path("/run/libvirt/qemu"),)


def survey(connection: LibvirtConnection, facts: HostFacts) -> HostFacts:
    """Reads all facts that libvirt knows, with a few calls on one of the connection's threads."""
    handle, request = connection.handle, connection.request
    node = request(handle.getInfo)
    capabilities = request(handle.getCapabilities)
    seen = survey_networks(connection, replace(facts, domain_types=domain_types(capabilities)))
    return replace(
        survey_devices(connection, seen, is_local(connection.uri) and not is_test(connection.uri)),
        reachable=True,
        error="",
        relabels=any(model.text == "dac" for model in parse_xml(capabilities).iterfind("host/secmodel/model")),
        memory=node[1] * MIB,
        cpus=node[2],
        max_vcpus=max_vcpus(connection, seen.domain_types),
        machine_types=machine_types(capabilities),
        cpu_models=cpu_models(connection),
        cpu_features=local_cpu_features() if is_local(connection.uri) and not is_test(connection.uri) else frozenset(),
        version=_version(connection),
        boot_id=_boot_id() if is_local(connection.uri) and not is_test(connection.uri) else "",
    )


def machine_types(capabilities: str) -> frozenset[str]:
    """Returns the machine types of x86_64 guests."""
    return frozenset(
        machine.text or ""
        for arch in parse_xml(capabilities).iterfind("guest/arch")
        if arch.get("name") == "x86_64"
        for machine in arch.iter("machine")
    )


def cpu_models(connection: LibvirtConnection) -> frozenset[str]:
    """Returns the CPU models that libvirt knows, of x86_64 guests. Empty: it does not say."""
    try:
        return frozenset(connection.request(connection.handle.getCPUModelNames, "x86_64") or ())
    except libvirt.libvirtError as error:
        if is_lost(error):
            raise
        return frozenset()


def local_cpu_features(file: Path = CPU_FEATURES) -> frozenset[str]:
    """Returns the CPU features that this machine's libvirt knows, of x86_64 guests: no call of it lists them. Empty: it does not
    say."""
    try:
        known = parse_xml(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(one.get("name", "") for kind in ("feature", "alias") for one in known.iter(kind))


def max_vcpus(connection: LibvirtConnection, kinds: Iterable[DomainType]) -> Mapping[tuple[DomainType, str], int]:
    """Returns how many virtual CPUs a machine of each kind and chipset has at most, where the hypervisor says it."""
    found = {}
    for kind in kinds:
        for chipset in CHIPSETS:
            told = capabilities_of(connection, chipset, kind)
            if told is not None and (most := told.find("vcpu")) is not None and most.get("max", "").isdigit():
                found[kind, chipset] = int(most.get("max", ""))
    return found


def _boot_id(file: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _version(connection: LibvirtConnection) -> str:
    handle, request = connection.handle, connection.request
    library, hypervisor = request(handle.getLibVersion), request(handle.getVersion)
    return f"libvirt {spelled(library)}, {request(handle.getType)} {spelled(hypervisor)}"


def spelled(number: int) -> str:
    """Spells libvirt's version: 9000000 -> 9.0.0."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def survey_networks(connection: LibvirtConnection, facts: HostFacts) -> HostFacts:
    """Reads what comes and goes while the host is up, with two calls."""
    active = _networks(connection, libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
    idle = _networks(connection, libvirt.VIR_CONNECT_LIST_NETWORKS_INACTIVE)
    here = is_local(connection.uri) and not is_test(connection.uri)
    bridges, taps = (local_bridges(), local_taps()) if here else (None, None)
    return replace(
        facts,
        networks=frozenset(active),
        network_uuids=active,
        idle_networks=frozenset(idle) - frozenset(active),
        bridges=bridges,
        links=local_links() if here else None,
        taps=taps,
        routes=local_routes() if here else {},
    )


def _networks(connection: LibvirtConnection, flag: int) -> Mapping[str, str]:
    """Returns uuids by name."""
    try:
        found = connection.request(connection.handle.listAllNetworks, flag)
        return {network.name(): network.UUIDString() for network in found}
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return {}  # a driver without networks, such as an embedded one


def local_bridges(root: Path = Path("/sys/class/net")) -> frozenset[str]:
    return frozenset(path.parent.name for path in root.glob("*/bridge"))


def local_routes(table: Path = Path("/proc/net/route")) -> Mapping[str, str]:
    """Returns the devices by the IPv4 subnets that they are on, as the kernel's table of routes has them."""
    found = {}
    try:
        rows = [row.split() for row in table.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return {}
    for device, target, *_, mask in (row[:8] for row in rows if len(row) > 7):
        to, bits = (int.from_bytes(bytes.fromhex(text), "little") for text in (target, mask))
        if bits:
            found[f"{IPv4Address(to)}/{bits.bit_count()}"] = device
    return found


def local_links(root: Path = Path("/sys/class/net")) -> frozenset[str]:
    """Returns the host's network devices, without those of guests and containers, which come and go."""
    return frozenset(path.name for path in root.glob("*/") if not re.match(r"(veth|vnet|macvtap)\w", path.name))


def local_taps(root: Path = Path("/sys/class/net")) -> frozenset[str]:
    """Returns those that somebody made. libvirt's vnet0 and so on come and go with the machines."""
    found = (path.parent.name for path in root.glob("*/tun_flags"))
    return frozenset(name for name in found if not re.match(r"vnet\d", name))


def domain_types(capabilities: str) -> frozenset[DomainType]:
    """Returns those of x86_64 guests. The test driver's are i686 by its capabilities, and it takes any."""
    known = {kind.value for kind in DomainType}
    found = set()
    for arch in parse_xml(capabilities).iterfind("guest/arch"):
        for domain in arch.iterfind("domain"):
            kind = domain.get("type", "")
            if kind in known and (arch.get("name") == "x86_64" or kind == DomainType.TEST):
                found.add(DomainType(kind))
    return frozenset(found)
