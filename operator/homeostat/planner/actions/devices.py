"""What changes a guest while it runs: its devices, its CPUs and its memory."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from ..domain import DiskConfig, NicConfig


@dataclass(frozen=True, slots=True)
class AttachDisk:
    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class DetachDisk:
    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeMedium:
    """Puts another image, or none, into a cdrom drive."""

    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class LimitDisk:
    """Lets the running guest read and write as much of a disk in a second as ``disk.limits`` says."""

    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class AttachNic:
    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class DetachNic:
    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class ReplugNic:
    """Puts a nic of a running machine back on its network or bridge. The guest sees the same device, whose link comes back."""

    uuid: str
    nic: NicConfig
    tap: str  # its device on the host, such as vnet0
    bridge: str  # that the tap belongs on
    reason: str


@dataclass(frozen=True, slots=True)
class SetLink:
    """Sets the link of a running machine's nic up or down, as ``nic`` has it."""

    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class SetMemory:
    """Leaves a running guest so much of its memory, by its balloon."""

    uuid: str
    memory: int  # bytes
    reason: str


@dataclass(frozen=True, slots=True)
class SetVcpus:
    """Plugs vCPUs into a running guest, or out of it, so that it has so many."""

    uuid: str
    vcpus: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Changes the password of a running machine's VNC server. Connected viewers stay."""

    uuid: str
    password: SecretStr
    reason: str


DeviceChange = (
    AttachDisk | DetachDisk | ChangeMedium | LimitDisk | AttachNic | DetachNic | ReplugNic | SetLink | ChangePassword | SetVcpus
)
"""What changes a device of a guest while it runs."""
