"""Neptuned's device model: what a machine is made of, device by device."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from homeostat_api.http.words import LooseWords

DeviceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20\x7f]+$")]
DeviceText = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x1f\x7f]*$")]
DeviceCount = Annotated[int, Field(ge=0, le=2**31 - 1)]


def two_numbers(text: str) -> tuple[int, int] | None:
    """Reads a limit. None: there is none.

    Raises:
        ValueError: it is no limit.
    """
    if not text.strip():
        return None
    found = re.fullmatch(r"([0-9]{1,16}) ([0-9]{1,16})", text)
    if found is None or not int(found[1]):
        raise ValueError('must be two whole numbers with a space between, what is sustained and the burst, such as "1000 1500"')
    if int(found[2]) < int(found[1]):
        raise ValueError("the burst, its second number, must not be less than the first")
    return int(found[1]), int(found[2])


def _check_limit(text: str | None) -> str | None:
    if text is not None:
        two_numbers(text)
    return text


DriveLimit = Annotated[str | None, Field(max_length=64), AfterValidator(_check_limit)]


class Device(LooseWords):
    """A device. Others may name it by its id."""

    id: DeviceId


class CpuDevice(Device):
    type: Literal["cpu"]
    cpu_model: DeviceText = ""
    cpu_features: list[DeviceText] = Field(default=[], max_length=200)
    cpu_cores: Annotated[int, Field(ge=1)]


class DriveDevice(Device):
    """A disk, or a cdrom. ``drive_image``: a file or an address that a disk begins as; else the name of a Disk."""

    type: Literal["drive"]
    drive_type: Literal["hdd", "ssd", "cdrom"]
    drive_cache_type: Literal["", "none", "writeback", "writethrough", "directsync", "unsafe"] | None = None
    drive_use_io_uring: bool | None = None
    drive_bus: Literal["ide", "sata", "scsi", "virtio", "usb"]
    drive_bps_limit: DriveLimit = Field(default=None, description="Bytes in a second: what is sustained, and the burst.")
    drive_iops_limit: DriveLimit = Field(default=None, description="Requests in a second: what is sustained, and the burst.")
    drive_image: DeviceText | None = None
    drive_format: Literal["", "raw", "qcow2", "vmdk", "iso"] | None = None

    @model_validator(mode="after")
    def _has_an_image(self) -> Self:
        if self.drive_type != "cdrom" and not self.drive_image:
            raise ValueError(f"drive_image: a {self.drive_type} needs one")
        return self


class HbaDevice(Device):
    type: Literal["hba"]
    hba_type: Literal["virtio-scsi", "lsi"]
    hba_add_iothread: bool | None = None
    hba_num_queues: Annotated[int, Field(ge=0, le=256)] | None = Field(default=None, description="0: as QEMU chooses.")

    @model_validator(mode="after")
    def _is_virtio(self) -> Self:
        if self.hba_type != "virtio-scsi" and (self.hba_add_iothread or self.hba_num_queues):
            raise ValueError("hba_add_iothread and hba_num_queues need hba_type: virtio-scsi")
        return self


class AudioDevice(Device):
    type: Literal["audio"]
    audio_type: Literal["hda", "ac97", "sb16"]


class DisplayDevice(Device):
    type: Literal["display"]
    display_type: Literal["vga", "qxl", "cirrus", "mdev", "virtio", "bochs", "none"]
    display_mdev_profile: DeviceText | None = None
    display_vgamem_mb: DeviceCount | None = Field(default=None, description="0: as the card has it. Else a power of two, to 256.")

    @model_validator(mode="after")
    def _has_a_profile(self) -> Self:
        if self.display_type == "mdev" and not self.display_mdev_profile:
            raise ValueError("display_mdev_profile: display_type mdev needs it")
        return self


class NetworkDevice(Device):
    """What a network card is plugged into."""

    type: Literal["network"]
    network_type: Literal["user", "tap"]
    tap_interface_name: DeviceText | None = None
    tap_use_vhost: bool | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.network_type == "tap" and not self.tap_interface_name:
            raise ValueError("tap_interface_name: network_type tap needs it")
        return self


class NicDevice(Device):
    """A network card. ``nic_netdev``: the id of a network device that is listed before it."""

    type: Literal["nic"]
    nic_type: Literal["rtl8139", "pcnet", "e1000", "virtio", "e1000e", "ne2k_pci"]
    nic_mac: DeviceText | None = None
    nic_netdev: DeviceId


class CommandDevice(Device):
    """Arguments for QEMU. No shell reads them."""

    type: Literal["custom_cmd"]
    command_line: Annotated[DeviceText, Field(min_length=1)]


AnyDevice = Annotated[
    CpuDevice | DriveDevice | HbaDevice | AudioDevice | DisplayDevice | NetworkDevice | NicDevice | CommandDevice,
    Field(discriminator="type"),
]


def check_devices(devices: list[AnyDevice]) -> list[AnyDevice]:
    """Checks what devices are to each other.

    Raises:
        ValueError: an id is given twice, there are two where a machine has one, or a card's network is not listed before it.
    """
    seen: dict[str, AnyDevice] = {}
    plugged: dict[str, str] = {}
    for device in devices:
        if device.id in seen:
            raise ValueError(f"the id {device.id!r} is given twice")
        if device.type in ("cpu", "hba", "audio", "display"):
            other = next((one.id for one in seen.values() if one.type == device.type), None)
            if other is not None:
                raise ValueError(f"{device.id!r} is a second {device.type}, beside {other!r}: a machine has one")
        if isinstance(device, NicDevice):
            network = seen.get(device.nic_netdev)
            if not isinstance(network, NetworkDevice):
                raise ValueError(f"nic_netdev of {device.id!r}: no network device {device.nic_netdev!r} is listed before it")
            if (first := plugged.setdefault(device.nic_netdev, device.id)) != device.id:
                raise ValueError(f"nic_netdev of {device.id!r}: {first!r} has {device.nic_netdev!r} already")
        seen[device.id] = device
    return devices
