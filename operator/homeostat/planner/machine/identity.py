"""Names, uuids, MACs and paths that follow from a machine's identity alone, so that they never change."""

from __future__ import annotations

import hashlib
import uuid
from functools import lru_cache

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import DiskRef

from ..files.disk_file import named_disk_path

# Any fixed uuid works. It must never change, because every domain's uuid is derived from it.
_DOMAINS = uuid.UUID("6f1a5a39-5d2e-4b43-9a53-3c2a5c0f8d11")

DISK_SUFFIX = ".qcow2"  # of a disk's file, after its name


@lru_cache(20_000)
def domain_uuid(uid: str) -> str:
    """Derives the domain's uuid from the resource's uid: two domains for one machine cannot exist."""
    return str(uuid.uuid5(_DOMAINS, uid))


def domain_name(machine: VirtualMachine) -> str:
    """Returns the machine's name. Outside namespace default it has a prefix, because libvirt has no namespaces.

    With "--" in names the prefix can be read in two ways. So the uuid, not the name, identifies a domain.
    """
    meta = machine.metadata
    return meta.name if meta.namespace == "default" else f"{meta.namespace}--{meta.name}"


@lru_cache(20_000)
def mac_address(uid: str, nic: str) -> str:
    """Derives a MAC address. 52:… is locally administered and unicast; 40 bits of hash keep 10,000 machines apart."""
    digest = hashlib.sha256(f"{uid}/{nic}".encode()).digest()
    return ":".join(f"{b:02x}" for b in (0x52, *digest[:5]))


def machine_directory(storage_root: str, machine: VirtualMachine) -> str:
    meta = machine.metadata
    return f"{storage_root}/machines/{meta.namespace}/{meta.name}"


def disk_path(storage_root: str, machine: VirtualMachine, disk: str) -> str:
    """Returns the file of one of the machine's disks: that of the Disk which its spec names, else the machine's own."""
    ref = next((device.disk_ref for device in machine.spec.disks if device.name == disk), None)
    return own_disk_path(storage_root, machine, disk) if ref is None else path_of_ref(storage_root, machine, ref)


def path_of_ref(storage_root: str, machine: VirtualMachine, ref: DiskRef) -> str:
    return named_disk_path(storage_root, machine.metadata.namespace, ref.name)


def own_disk_path(storage_root: str, machine: VirtualMachine, disk: str) -> str:
    """Returns the machine's own file of that name, whatever its spec says of the disk by now."""
    return disk_file(machine_directory(storage_root, machine), disk)


def disk_file(directory: str, disk: str) -> str:
    return f"{directory}/{disk}{DISK_SUFFIX}"


def digest(*texts: str) -> str:
    """Returns 64 bits of a hash, as 16 hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
