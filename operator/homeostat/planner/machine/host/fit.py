"""Whether a host has what a machine needs to start. This is checked before the start, not after libvirt fails."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_host import Filesystem
from homeostat.models.machine_nics import Nic
from homeostat.models.quantity import format_quantity

from ...network.plugged import PluggedRef
from ...observed import HostFacts, Observed
from ...plan import Outcome, Stalled, Waiting
from .claims import contested
from .host_devices import lacking

RETRY_SECONDS = 30.0  # there is no event when what was missing on a host is there again


def unselected(machine: VirtualMachine | Disk, host: HostFacts) -> Waiting | None:
    """Says why this machine, or this Disk, is not for this host; None when it is. Only asked before it is made: what is there
    stays."""
    if host.labels is None:
        return None
    lacking = [f"{key}={value}" for key, value in machine.spec.host_selector.items() if host.labels.get(key) != value]
    if not lacking:
        return None
    has = ", ".join(f"{key}={value}" for key, value in sorted(host.labels.items())) or "none"
    return Waiting(
        "NoHostMatches",
        f"hostSelector asks for {', '.join(lacking)}, but host {host.name} has the labels: {has}. Label a host so, or change "
        "hostSelector",
    )


def misfit(machine: VirtualMachine, observed: Observed) -> Outcome | None:
    """Says why this machine cannot start on its host now; None when it can. It names everything that is missing, not only the
    first. Where another host runs it, nothing else matters."""
    if observed.twin is not None:
        return observed.twin
    host, spec = observed.host, machine.spec
    if host.memory and spec.resources.memory > host.memory:
        return Stalled(
            "InsufficientMemory",
            f"resources.memory is {format_quantity(spec.resources.memory)}, but host {host.name} has "
            f"{format_quantity(host.memory // 2**20 * 2**20)}: ask for less, or use another host",
        )
    missing = [found for nic in spec.nics for found in _unplugged(nic, host)] + contested(machine, observed)
    missing += lacking(spec, host, observed.domain.config if observed.domain else None)
    missing += [_lacks_folder(folder, host) for folder in spec.filesystems if folder.path in observed.lost_folders]
    if spec.tpm and host.tpms is not None and spec.tpm.version not in host.tpms:
        install = "install it there (Debian: apt install swtpm swtpm-tools; it is noticed within five minutes)"
        missing.append(("TpmMissing", f"tpm: host {host.name} has no swtpm that emulates version {spec.tpm.version}: {install}"))
    vnc = spec.display.vnc
    if vnc.enabled and vnc.password_file and vnc.password_file not in observed.secrets:
        mend = (
            f"display.vnc.passwordFile: {vnc.password_file} cannot be read: create it with mode 0600, and one line of plain "
            "text; in a folder of --image-folder, no link may lead out of it"
        )
        missing.append(("SecretMissing", mend))
    if not missing:
        return None
    return Waiting(missing[0][0], "; ".join(dict.fromkeys(message for _, message in missing)), RETRY_SECONDS)


def _lacks_folder(shared: Filesystem, host: HostFacts) -> tuple[str, str]:
    mend = "put it back (is its file system mounted?), or share another one"
    return "FolderMissing", f"filesystems[{shared.name}]: host {host.name} has no folder {shared.path} now: {mend}"


def unpluggable(machine: VirtualMachine, host: HostFacts) -> frozenset[str]:
    """Returns the names of the nics whose network, bridge or tap the host lacks."""
    return frozenset(nic.name for nic in machine.spec.nics if any(_unplugged(nic, host)))


def _unplugged(nic: Nic, host: HostFacts) -> Iterator[tuple[str, str]]:
    """Yields what keeps one nic from being plugged in: reason and message."""
    if isinstance(nic.network_ref, PluggedRef):
        yield from _not_ready(nic, nic.network_ref, host)
    elif nic.network and nic.network not in host.networks:
        yield _lacks_network(nic, host)
    if nic.bridge and host.bridges is not None and nic.bridge not in host.bridges:
        others = f"name one of: {', '.join(sorted(host.bridges)) or 'none'}"
        if nic.bridge in (host.links or ()):
            yield "BridgeMissing", f"nics[{nic.name}]: {nic.bridge!r} is a device of host {host.name} that is no bridge: {others}"
        else:
            make = f"add it (`ip link add {nic.bridge} type bridge`)"
            yield "BridgeMissing", f"nics[{nic.name}]: host {host.name} has no bridge {nic.bridge!r}: {make}, or {others}"
    if nic.tap and host.taps is not None and nic.tap.name not in host.taps:
        if nic.tap.name in (host.links or ()):  # nor can libvirt make one of that name
            yield "TapMissing", f"nics[{nic.name}]: {nic.tap.name!r} is a device of host {host.name} that is no tap: name another"
        elif nic.tap.existing:
            make = f"make it (`ip tuntap add dev {nic.tap.name} mode tap`)"
            yield "TapMissing", f"nics[{nic.name}]: host {host.name} has no tap {nic.tap.name!r}: {make}, or leave existing out"


def _not_ready(nic: Nic, ref: PluggedRef, host: HostFacts) -> Iterator[tuple[str, str]]:
    """Yields why a Network is not what is up under its name. Another one of that name is somebody else's."""
    if nic.network in host.networks and ref.uuid in ("", host.network_uuids.get(nic.network)):
        return
    why = f"`homeostat describe network {ref.name}` says why, unless that comes by itself"
    yield "NetworkNotReady", f"nics[{nic.name}]: Network {ref.name!r} is not up on host {host.name} yet: {why}"


def _lacks_network(nic: Nic, host: HostFacts) -> tuple[str, str]:
    others = f"name one of: {', '.join(sorted(host.networks)) or '(none)'}"
    if nic.network in host.idle_networks:
        start = f"start it with `virsh net-start {nic.network}`, or {others}"
        return "NetworkNotActive", f"nics[{nic.name}]: network {nic.network!r} is not active on host {host.name}: {start}"
    define = f"define it with `virsh net-define`, or {others}"
    return "NetworkUnknown", f"nics[{nic.name}]: host {host.name} has no network {nic.network!r}: {define}"
