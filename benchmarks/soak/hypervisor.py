"""The hypervisor as the soak itself sees it and acts upon it, apart from the operator."""

from __future__ import annotations

import contextlib
import json
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import libvirt

UNDEFINE = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
TIMEOUT = 60.0  # seconds for an answer of the program that has the test driver


@dataclass(frozen=True, slots=True)
class Domain:
    """``memory`` is in bytes; ``sources`` are the files of its disks, by target; ``records`` whether our metadata is on it."""

    name: str
    uuid: str
    state: int
    memory: int
    sources: dict[str, str]
    records: bool

    @property
    def active(self) -> bool:
        """Whether it has a QEMU."""
        return self.state not in (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_NOSTATE, libvirt.VIR_DOMAIN_CRASHED)

    @property
    def running(self) -> bool:
        return bool(self.state == libvirt.VIR_DOMAIN_RUNNING)


class Hypervisor:
    """By a connection of our own, opened again where libvirtd has ended."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._open: Any = None
        libvirt.registerErrorHandler(lambda context, error: None, None)  # each is raised too

    @property
    def _connection(self) -> Any:
        """Asked for something first: one whose libvirtd was killed says that it is alive until then."""
        try:
            self._open.getLibVersion()
        except (AttributeError, libvirt.libvirtError):
            self._open = libvirt.open(self._uri)
        return self._open

    def domains(self) -> dict[str, Domain]:
        found = {}
        for domain in self._connection.listAllDomains():
            with contextlib.suppress(libvirt.libvirtError):  # it went in this moment
                found[domain.name()] = _read(domain)
        return found

    def act(self, verb: str, name: str, value: str = "") -> None:
        """Raises libvirtError."""
        if verb in NETWORK_VERBS:
            NETWORK_VERBS[verb](self._connection.networkLookupByName(name))
        elif verb == "define":
            self._connection.defineXML(value).create()
        else:
            VERBS[verb](self._connection.lookupByName(name), value)


class Remote:
    """The hypervisor that lives in the operator's own program: libvirt's test driver."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def domains(self) -> dict[str, Domain]:
        return {name: Domain(**fields) for name, fields in self._ask({"verb": "domains"}).items()}

    def act(self, verb: str, name: str, value: str = "") -> None:
        self._ask({"verb": verb, "name": name, "value": value})

    def _ask(self, order: dict[str, str]) -> Any:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(TIMEOUT)
            link.connect(str(self._path))
            link.sendall(json.dumps(order).encode() + b"\n")
            answer = json.loads(link.makefile().readline())
        if "error" in answer:
            raise libvirt.libvirtError(answer["error"])
        return answer["answer"]


def answer(hypervisor: Hypervisor, order: dict[str, str]) -> Any:
    """What ``Remote`` gets."""
    if order["verb"] == "domains":
        return {name: asdict(domain) for name, domain in hypervisor.domains().items()}
    return hypervisor.act(order["verb"], order["name"], order["value"])


def _read(domain: Any) -> Domain:
    text = domain.XMLDesc()
    tree = ET.fromstring(text)
    sources = {}
    for disk in tree.findall("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is not None and target is not None:
            sources[target.get("dev", "")] = source.get("file", "")
    memory = int(tree.findtext("memory", "0")) * 1024
    records = "https://homeostat.dev/domain/1" in text
    return Domain(domain.name(), domain.UUIDString(), domain.state()[0], memory, sources, records)


def _snapshot(domain: Any, layer: str) -> None:
    """As `virsh snapshot-create-as --disk-only --no-metadata` does: from now on the guest writes into overlays."""
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
    domain.snapshotCreateXML(f"<domainsnapshot><name>{layer}</name></domainsnapshot>", flags)


def _commit(domain: Any, target: str) -> None:
    """As `virsh blockcommit --active --pivot --shallow` does; waits until the copy is whole."""
    flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | libvirt.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW  # not into the shared image
    domain.blockCommit(target, None, None, 0, flags)
    for _ in range(200):
        status = domain.blockJobInfo(target, 0)
        if status and status["end"] and status["cur"] == status["end"]:
            with contextlib.suppress(libvirt.libvirtError):  # not ready for the pivot yet
                domain.blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
                return
    raise libvirt.libvirtError(f"the commit of {target} did not get whole")


def _detach(domain: Any, target: str) -> None:
    for disk in ET.fromstring(domain.XMLDesc()).findall("devices/disk"):
        if disk.find(f"target[@dev='{target}']") is not None:
            domain.detachDevice(ET.tostring(disk, encoding="unicode"))


VERBS: dict[str, Callable[[Any, str], object]] = {
    "destroy": lambda domain, _: domain.destroy(),
    "shutdown": lambda domain, _: domain.shutdown(),
    "suspend": lambda domain, _: domain.suspend(),
    "reset": lambda domain, _: domain.reset(),
    "undefine": lambda domain, _: domain.undefineFlags(UNDEFINE),
    "managedsave": lambda domain, _: domain.managedSave(),
    "setmem": lambda domain, mebibytes: domain.setMemoryFlags(int(mebibytes) * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE),
    "rename": lambda domain, name: domain.rename(name),
    "snapshot": _snapshot,
    "blockcommit": _commit,
    "detach-disk": _detach,
}
NETWORK_VERBS: dict[str, Callable[[Any], object]] = {
    "net-destroy": lambda network: network.destroy(),
    "net-start": lambda network: network.create(),
}
