"""Host: one libvirt that machines are placed on."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from .base import NAME_PATTERN, Flag, Model, ObjectMeta, Resource, Status
from .condition import Condition
from .host_uri import URI_PATTERN, read_uri
from .maintenance import WINDOWS_MAX, MaintenanceWindow
from .quantity import Quantity

REACHABLE = "Reachable"
KVM_USABLE = "KVMUsable"
SCHEDULABLE = "Schedulable"
ORPHANED = "Orphaned"
ORPHANS_SHOWN = 50
TRASHED_SHOWN = 100  # some 600 bytes each
ORPHANED_SHOWN = 2000  # identities, of some 40 bytes each
KEPT_SHOWN = 1000  # Disks: some 130 bytes each, of the 1.5 MB that an object may have in a cluster

HOST_NAME_MAX = 234  # of the 253 that the finalizer of what is on it, NAME.host.homeostat.dev/teardown, has before the slash


def _check_uri(uri: str) -> str:
    read_uri(uri)
    return uri


def _check_host_name(name: str) -> str:
    if len(name) > HOST_NAME_MAX:
        raise ValueError(f"is {len(name)} characters long; a host's name has at most {HOST_NAME_MAX}")
    if not all(re.fullmatch(NAME_PATTERN, label) for label in name.split(".")):
        raise ValueError("must be a DNS name in lower case, as a node's is: labels of letters, digits and '-', joined by '.'")
    return name


class HostMeta(ObjectMeta):
    """As of every kind, but for the name: where each node has its own operator the host is named after the node."""

    name: Annotated[str, AfterValidator(_check_host_name)] = Field(
        description="Unique among hosts; a DNS name, such as a node's.", json_schema_extra={"maxLength": HOST_NAME_MAX}
    )


class HostSpec(Model):
    """Where the host is, and whether it takes new machines."""

    uri: Annotated[str, AfterValidator(_check_uri)] | None = Field(
        default=None,
        max_length=1024,
        json_schema_extra={"pattern": URI_PATTERN},
        description="libvirt's address: qemu:///system, qemu+ssh://user@host/system, qemu+tls://host/system. Files that it names "
        "must be allowed by the operator's administrator (--host-file). "
        "Default: the one that the operator which serves this host was started with (--connect).",
    )
    maintenance: Flag = Field(default=False, description="No new machines are placed on it; those there stay.")
    maintenance_windows: tuple[MaintenanceWindow, ...] = Field(
        default=(),
        max_length=WINDOWS_MAX,
        description="When its machines with updatePolicy: Window may be restarted, where they have no windows of their own.",
    )


class HostCapacity(Model):
    """What the host has, used or not."""

    vcpus: int = Field(default=0, ge=0, description="CPUs, as the host's kernel counts them.")
    memory: Quantity = Field(default=0, description="Memory.")


class HostOrphan(Model):
    """What is on the host by our doing, and belongs to no object."""

    namespace: str = Field(default="", description="Of the machine that it was.")
    name: str = Field(default="", description="Of the machine that it was.")
    state: str = Field(
        default="", description="Of its domain, in libvirt's words; else no domain, retained, or machine elsewhere."
    )
    domain: str = Field(default="", description="libvirt's name of its domain; empty: only disks are left.")
    directory: str = Field(default="", description="The folder of its files there; empty: there is none.")
    disks: tuple[str, ...] = Field(default=(), description="Names of its disks that are in the folder.")
    twin: bool = Field(default=False, description="Whether its machine is placed on another host.")
    identity: str = Field(
        default="", description="Of the machine that it was, as its domain says; a new one takes it in homeostat.dev/identity."
    )


class HostTrashedDisk(Model):
    """A disk that a deletion set aside."""

    name: str = Field(default="", description="Of the disk, or of the Disk.")
    path: str = Field(default="", description="Where it lay.")
    size: int = Field(default=0, description="Bytes on the host's disk.")
    virtual_size: int = Field(default=0, description="Bytes that the guest sees.")
    backing: str | None = Field(default=None, description="The image that it was built on.")


class HostTrashed(Model):
    """What one deletion set aside on the host."""

    entry: str = Field(default="", description="Its name in the trash.")
    namespace: str = Field(default="", description="Of what was deleted.")
    name: str = Field(default="", description="Of what was deleted; empty: nobody knows.")
    of: str = Field(default="", description="Its kind: VirtualMachine or Disk.")
    uid: str = Field(default="", description="Its identity.")
    reason: str = Field(default="", description="Why it was deleted.")
    since: str = Field(default="", description="When it was set aside.")
    until: str = Field(default="", description="When it is erased; empty: only by hand.")
    returns: bool = Field(
        default=False,
        description="To what has its identity, without a restore: a resource that names it in homeostat.dev/identity, "
        "over a folder one of its name.",
    )
    macs: tuple[str, ...] = Field(default=(), description="Of its nics.")
    disks: tuple[HostTrashedDisk, ...] = Field(default=(), description="What of it is there.")
    note: str = Field(default="", description="Why it may not last until then.")


class HostStatus(Status):
    """The host as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    version: str = Field(default="", description="Versions of libvirt and of the hypervisor.")
    capacity: HostCapacity | None = None
    machines: int = Field(default=0, description="Machines that are on it.")
    operator: str = Field(default="", description="Identity of the operator that serves it.")
    api: str = Field(
        default="",
        description="Address of the API beside that operator, which can read the disks of the host (--api-address); empty: none.",
    )
    orphans: tuple[HostOrphan, ...] = Field(
        default=(), description="Domains and disks there that belong to no object any more; 50 at the most."
    )
    orphaned: tuple[str, ...] = Field(
        default=(),
        description="Identities of the machines whose domains are there, and that are not placed there; 2000 at the most. A "
        "machine of such an identity goes there.",
    )
    orphans_known: bool = Field(
        default=False, description="Whether that operator has looked for them. Before, what is said of orphans may be old."
    )
    place: str = Field(
        default="",
        description="The libvirt that its machines are on: its address, and of a local one its operator's state folder. It is "
        "served on no other one that has none of their domains.",
    )
    uploads: tuple[str, ...] = Field(
        default=(), description="SHA-256 of the Images that were uploaded there; what names one of them goes to such a host."
    )
    keeps: tuple[str, ...] = Field(
        default=(),
        description="Disks whose files stay there when they go, as namespace/name; 1000 at the most. A Disk of that name goes to "
        "such a host.",
    )
    trash: tuple[HostTrashed, ...] = Field(
        default=(), description="What was deleted and is set aside there, newest first; 100 at the most."
    )


class Host(Resource):
    """One libvirt that machines are placed on, local to its operator or reached over SSH or TLS."""

    KIND: ClassVar[str] = "Host"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Host"] = "Host"
    metadata: HostMeta
    spec: HostSpec = Field(default_factory=HostSpec)
    status: HostStatus | None = None
