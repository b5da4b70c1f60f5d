"""The disks and cdroms of a VirtualMachine's spec."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Flag, Model, Name
from .image_source import ImageSource
from .quantity import Quantity, format_quantity

SIZE_MAX = 2 * 2**50
"""Bytes of the largest qcow2 image with clusters of 64 KiB (QEMU's QCOW_MAX_L1_SIZE)."""


def check_size(size: int | None) -> int | None:
    if size is not None and not 0 < size <= SIZE_MAX:
        raise ValueError("must be larger than 0" if size == 0 else f"is too large: the most is {format_quantity(SIZE_MAX)}")
    return size


class ReclaimPolicy(StrEnum):
    DELETE = "Delete"
    RETAIN = "Retain"


class DiskBus(StrEnum):
    VIRTIO = "virtio"
    SCSI = "scsi"
    SATA = "sata"
    IDE = "ide"
    USB = "usb"


RATE_MAX = 10**15
"""What QEMU's throttling takes at the most (its THROTTLE_VALUE_MAX)."""


def _check_rate(rate: int | None) -> int | None:
    if rate is not None and not 0 < rate <= RATE_MAX:
        raise ValueError("must be from 1 to 1000T")
    return rate


Rate = Annotated[Quantity | None, AfterValidator(_check_rate)]
RequestRate = Annotated[int, Field(ge=1, le=RATE_MAX, strict=True)]


class DiskLimits(Model):
    """What a guest may read and write of a disk in a second, both together. A change of it reaches the running guest."""

    bytes_per_second: Rate = Field(default=None, description="Bytes in a second, such as 15Mi.")
    bytes_per_second_burst: Rate = Field(default=None, description="Bytes in a second for a moment. Needs bytesPerSecond.")
    iops: RequestRate | None = Field(default=None, description="Requests in a second.")
    iops_burst: RequestRate | None = Field(default=None, description="Requests in a second for a moment. Needs iops.")

    @model_validator(mode="after")
    def _burst_is_more(self) -> Self:
        pairs = (
            ("bytesPerSecondBurst", self.bytes_per_second_burst, "bytesPerSecond", self.bytes_per_second),
            ("iopsBurst", self.iops_burst, "iops", self.iops),
        )
        for burst, most, name, usual in pairs:
            if most is not None and usual is None:
                raise ValueError(f"{burst} needs {name}")
            if most is not None and usual is not None and most < usual:
                raise ValueError(f"{burst} must not be less than {name}")
        if not any((self.bytes_per_second, self.iops)):
            raise ValueError("give bytesPerSecond, iops, or both")
        return self


class DiskRef(Model):
    """Names a Disk."""

    name: Name = Field(description="Name of the Disk, in the same namespace.")


class DiskDevice(Model):
    """An overlay on an image, a blank disk of a size, a Disk by its name, or a cdrom."""

    name: Name = Field(description="Identity of the disk within its machine; its file carries this name.")
    type: Literal["disk", "cdrom"] = Field(default="disk", description="A cdrom is read-only and may be empty.")
    image: ImageSource | None = Field(default=None, description="What the disk starts as (never written to).")
    size: Annotated[Quantity | None, AfterValidator(check_size)] = Field(
        default=None, description="Size the guest sees. Default: the image's. It can grow, never shrink."
    )
    disk_ref: DiskRef | None = Field(
        default=None,
        description="A Disk, which is kept by itself: image, size and reclaimPolicy stand there. One machine at a time has it.",
    )
    bus: DiskBus | None = Field(default=None, description="Default: virtio; sata for a cdrom (ide on machine type pc).")
    cache: Literal["none", "writeback", "writethrough", "directsync", "unsafe"] | None = Field(
        default=None, description="Host page cache use. Default: the hypervisor's."
    )
    io: Literal["native", "threads", "io_uring"] | None = Field(
        default=None, description="How QEMU submits I/O; native needs cache none or directsync."
    )
    serial: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.+-]{1,20}$", description="Serial the guest sees.")
    rotation_rate: Annotated[int, Field(ge=1, le=65534, strict=True)] | None = Field(
        default=None, description="1: the guest takes it for an SSD; from 1025: turns in a minute. On bus sata, scsi or ide."
    )
    discard: Literal["unmap", "ignore"] | None = Field(
        default=None, description="What a guest trims is given back to the host (unmap, the default) or kept (ignore)."
    )
    io_thread: Flag = Field(
        default=False, description="On bus virtio: a thread of its own serves the disk, beside those of the vCPUs."
    )
    limits: DiskLimits | None = Field(default=None, description="How much the guest may read and write in a second.")
    reclaim_policy: ReclaimPolicy | None = Field(
        default=None, description="What becomes of the disk's file when its machine is deleted. Default: the machine's."
    )

    @model_validator(mode="after")
    def _is_a_disk_of_its_own(self) -> Self:
        if self.disk_ref is None:
            return self
        if self.type == "cdrom":
            raise ValueError("a cdrom cannot be a Disk: remove diskRef, or say type: disk")
        for field, value in (("image", self.image), ("size", self.size), ("reclaimPolicy", self.reclaim_policy)):
            if value is not None:
                raise ValueError(f"diskRef: {field} stands in the spec of Disk {self.disk_ref.name!r}: remove it here")
        return self

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.type == "disk" and self.image is None and self.size is None and self.disk_ref is None:
            raise ValueError("a disk needs an image, a size, or both; or a diskRef")
        if self.type == "cdrom" and self.size is not None:
            raise ValueError("a cdrom has no size of its own: remove size")
        if self.type == "cdrom" and self.bus == DiskBus.VIRTIO:
            raise ValueError("a cdrom cannot be on bus virtio: use sata, scsi, ide or usb")
        if self.io == "native" and self.cache not in ("none", "directsync"):
            raise ValueError("io: native needs cache: none or cache: directsync")
        if self.rotation_rate is not None and (self.type == "cdrom" or self.bus not in (DiskBus.SATA, DiskBus.SCSI, DiskBus.IDE)):
            raise ValueError("rotationRate needs a disk on bus: sata, bus: scsi or bus: ide")
        if self.rotation_rate is not None and 1 < self.rotation_rate < 1025:
            raise ValueError("rotationRate is 1 (an SSD) or from 1025 to 65534 (turns in a minute)")
        if self.io_thread and (self.type == "cdrom" or self.bus not in (None, DiskBus.VIRTIO)):
            raise ValueError("ioThread needs a disk on bus: virtio; for those on bus: scsi set spec.scsi.ioThread")
        if self.type == "cdrom" and self.discard is not None:
            raise ValueError("a cdrom has nothing to discard: remove discard")
        return self
