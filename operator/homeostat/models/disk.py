"""Disk: a disk that is kept by itself. Machines name it, one at a time, and it outlives them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Labels, Model, Name, Resource, Status
from .condition import Condition
from .image_source import ImageSource
from .machine_disks import DiskRef, ReclaimPolicy, check_size
from .quantity import Quantity


class DiskFormat(StrEnum):
    QCOW2 = "qcow2"
    RAW = "raw"
    VMDK = "vmdk"


class Blank(Model):
    """Nothing: the guest sees zeros."""


class SnapshotDiskRef(Model):
    """Names a disk in a snapshot."""

    name: Name = Field(description="Name of the Snapshot, in the same namespace.")
    disk: Name = Field(description="Name of the disk, as the snapshot's machine calls it.")


class DiskOrigin(Model):
    """What a disk is made from. It counts once, when the disk is made."""

    blank: Blank | None = Field(default=None, description="{}: nothing, the guest sees zeros.")
    image: ImageSource | None = Field(
        default=None, description="An image. A qcow2 disk is an overlay on it, raw and vmdk are copies of it."
    )
    disk_ref: DiskRef | None = Field(
        default=None, description="Another Disk of the namespace, of which a copy is made while no machine writes to it."
    )

    snapshot_ref: SnapshotDiskRef | None = Field(
        default=None, description="A disk as it is in a Snapshot, of which a copy is made. Its machine may run meanwhile."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.blank, self.image, self.disk_ref, self.snapshot_ref)) != 1:
            raise ValueError("give exactly one of blank, image, diskRef and snapshotRef")
        return self


class DiskSpec(Model):
    """The disk as it should be."""

    size: Annotated[Quantity | None, AfterValidator(check_size)] = Field(
        default=None,
        description="Size the guest sees. Default: its source's. It can grow, while a guest runs too, and never shrink.",
    )
    format: DiskFormat = Field(
        default=DiskFormat.QCOW2, description="Format of its file. It does not change; a vmdk cannot grow either."
    )
    source: DiskOrigin | None = Field(default=None, description="What it is made from. Default: blank. It does not change.")
    reclaim_policy: ReclaimPolicy = Field(
        default=ReclaimPolicy.DELETE,
        description="What becomes of its file when it is deleted: Delete sets it aside, Retain keeps it.",
    )
    host_selector: Labels = Field(
        default_factory=dict, description="Labels that a host must have for it to be made there, all of them."
    )

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.size is None and (self.source is None or self.source.blank is not None):
            raise ValueError("a blank disk needs a size")
        return self


class DiskStatus(Status):
    """The disk as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    host: str | None = Field(default=None, description="The host that it lies on.")
    path: str | None = Field(default=None, description="Its file on that host.")
    format: DiskFormat | None = Field(default=None, description="Format of that file.")
    virtual_size: Quantity | None = Field(default=None, description="Size that the guest sees.")
    allocated: Quantity | None = Field(default=None, description="What its file takes on the host, looked at every five minutes.")
    attached_to: str | None = Field(default=None, description="The machine whose domain has it.")


class Disk(Resource):
    """A disk that is kept by itself. One machine at a time names it, and it outlives that machine."""

    KIND: ClassVar[str] = "Disk"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Disk"] = "Disk"
    spec: DiskSpec
    status: DiskStatus | None = None

    @model_validator(mode="after")
    def _is_no_copy_of_itself(self) -> Self:
        origin = self.spec.source.disk_ref if self.spec.source else None
        if origin is not None and origin.name == self.metadata.name:
            raise ValueError("spec.source.diskRef: a disk cannot be a copy of itself; name another one")
        return self
