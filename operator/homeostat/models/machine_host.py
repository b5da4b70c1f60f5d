"""What a machine has of its host itself: devices that are passed through, folders, memory that both see, and a socket."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Flag, Model, Name
from .quantity import Quantity

MIB = 2**20
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{4}$")]
ONE_OF_EACH = "give {one}, or {pair} together"


def _check_memory(size: int) -> int:
    if size not in {2**power for power in range(20, 35)}:
        raise ValueError("must be a power of two from 1Mi to 16Gi")
    return size


class SharedMemory(Model):
    """Memory that the guest and programs of its host both see (ivshmem): /dev/shm/homeostat-UUID-NAME, UUID being its domain's.

    It is no other machine's, and goes when its machine is deleted, or with a boot of the host.
    """

    name: Name = Field(description="Identity of the memory within its machine.")
    size: Annotated[Quantity, AfterValidator(_check_memory)] = Field(description="A power of two from 1Mi to 16Gi.")


class Vsock(Model):
    """A socket between the guest and its host that needs no network (virtio-vsock)."""

    cid: Annotated[int, Field(ge=3, le=2**32 - 2, strict=True)] | None = Field(
        default=None, description="The guest's address, of one machine of a host only. Default: a free one at each start."
    )


class Filesystem(Model):
    """A folder of the host that the guest mounts (virtiofs): mount -t virtiofs NAME /mnt."""

    name: Name = Field(description="The tag that the guest mounts it by.")
    path: Annotated[str, Field(pattern=r"^/[^\x00-\x1f]*$", max_length=1000)] = Field(
        description="The folder, as the operator's --share-folder has it. What the guest's root writes there is root's."
    )


class PciDevice(Model):
    """A PCI device, which the host has bound to vfio-pci: virsh nodedev-detach."""

    address: Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$")] | None = Field(
        default=None, description="Where it is, such as 0000:03:00.0."
    )
    vendor: Hex | None = Field(default=None, description="What it is: the vendor, four digits such as 8086 (lspci -nn).")
    device: Hex | None = Field(default=None, description="What it is: the device. The host must have one such only.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.vendor is None) != (self.device is None) or (self.address is None) == (self.vendor is None):
            raise ValueError(ONE_OF_EACH.format(one="address", pair="vendor and device"))
        return self


class UsbDevice(Model):
    """A USB device of the host."""

    bus: Annotated[int, Field(ge=1, le=255, strict=True)] | None = Field(default=None, description="Where it is: the bus.")
    device: Annotated[int, Field(ge=1, le=127, strict=True)] | None = Field(
        default=None, description="Where it is: the device. It changes when it is plugged in again."
    )
    vendor: Hex | None = Field(default=None, description="What it is: the vendor, four digits such as 046d (lsusb).")
    product: Hex | None = Field(default=None, description="What it is: the product. The host must have one such only.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        placed, named = (self.bus, self.device), (self.vendor, self.product)
        if [None in placed, None in named].count(True) != 1 or placed.count(None) == 1 or named.count(None) == 1:
            raise ValueError(ONE_OF_EACH.format(one="bus and device", pair="vendor and product"))
        return self


class MediatedDevice(Model):
    """A part of a device that the host has divided (mdev), such as a virtual GPU. The host makes it (mdevctl)."""

    uuid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = Field(
        default=None, description="Which it is: its uuid."
    )
    profile: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = Field(
        default=None, description="What it is: its type, such as nvidia-11 or i915-GVTg_V5_4. The host must have one such only."
    )
    display: Flag = Field(default=False, description="Whether what it draws is the machine's screen; with display.video: none.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.uuid is None) == (self.profile is None):
            raise ValueError("give exactly one of uuid and profile")
        return self


class HostDevice(Model):
    """A device of the host that the guest has to itself. Only where the operator has --allow-host-devices."""

    name: Name = Field(description="Identity of the device within its machine.")
    pci: PciDevice | None = Field(default=None, description="A PCI device.")
    usb: UsbDevice | None = Field(default=None, description="A USB device.")
    mdev: MediatedDevice | None = Field(default=None, description="A part of a device.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if [self.pci, self.usb, self.mdev].count(None) != 2:
            raise ValueError("give exactly one of pci, usb and mdev")
        return self

    @property
    def asked(self) -> tuple[str, str]:
        """Returns its kind, and the address or what it is."""
        if self.pci is not None:
            return "pci", self.pci.address or f"{self.pci.vendor}:{self.pci.device}"
        if self.usb is not None:
            return "usb", f"{self.usb.vendor}:{self.usb.product}" if self.usb.vendor else f"{self.usb.bus}.{self.usb.device}"
        return "mdev", (self.mdev.uuid or self.mdev.profile or "") if self.mdev else ""

    @property
    def is_placed(self) -> bool:
        """Tells whether it says which device it is. libvirt itself finds a USB device by what it is."""
        return bool(self.usb or (self.pci and self.pci.address) or (self.mdev and self.mdev.uuid))
