"""Snapshot: the disks of a machine, and its memory where asked for, as they were at one time."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from .base import Flag, Model, Name, Resource, Status
from .condition import DATE_TIME, Condition
from .quantity import Quantity

Consistency = Literal["Agent", "Crash", "Memory", "Off"]
TAKING = "Taking"
"""The reason for which one is not ready that is being taken just now."""


class Quiesce(StrEnum):
    """Whether the guest agent writes everything to the disks before a snapshot of a running machine."""

    IF_AVAILABLE = "IfAvailable"
    REQUIRED = "Required"
    NEVER = "Never"


class MachineRef(Model):
    """Names a machine."""

    name: Name = Field(description="Name of the machine, in the same namespace.")


class SnapshotSpec(Model):
    """What is taken, and how."""

    machine_ref: MachineRef = Field(description="The machine. Cannot be changed once the snapshot is taken.")
    memory: Flag = Field(
        default=False,
        description="Takes the memory of the running machine, too: a restore goes on where the guest was. "
        "Cannot be changed once the snapshot is taken.",
    )
    quiesce: Quiesce = Field(
        default=Quiesce.IF_AVAILABLE,
        description="Whether the guest agent freezes the guest's file systems for the moment of the snapshot. IfAvailable: where "
        "an agent does it, else the snapshot is as after a loss of power. Required: takes none without it. Never: does not ask. "
        "Says nothing of a machine that is off, or of its memory.",
    )


class SnapshotDisk(Model):
    """One disk in a snapshot."""

    name: str = Field(description="Its name in the machine.")
    path: str = Field(description="The file that holds the snapshot, with the disk itself.")


class SnapshotStatus(Status):
    """The snapshot as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    consistency: Consistency | None = Field(
        default=None,
        description="What the disks are like in it. Agent: the guest agent had frozen the file systems. Crash: as after a loss "
        "of power. Memory: they fit the memory in it. Off: the machine was off.",
    )
    taken_at: str | None = Field(default=None, description="When it was taken (RFC 3339, UTC).", json_schema_extra=DATE_TIME)
    size: Quantity | None = Field(
        default=None, description="What its disks took on the host at that time, its memory included. It shares that with them."
    )
    host: str | None = Field(default=None, description="The host that has it.")
    tag: str | None = Field(default=None, description="What `qemu-img snapshot -l` and `virsh snapshot-list` call it.")
    disks: tuple[SnapshotDisk, ...] = Field(default=(), description="The disks in it.")


class Snapshot(Resource):
    """The disks of a machine, and its memory where asked for, as they were at one time."""

    KIND: ClassVar[str] = "Snapshot"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Snapshot"] = "Snapshot"
    spec: SnapshotSpec
    status: SnapshotStatus | None = None
