"""What a VirtualMachine has beside disks, cards and a screen: its CPUs' layout, SCSI controller, sound, TPM and the like."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Flag, Model
from .bounds import COUNT_MAX
from .quantity import Quantity

Factor = Annotated[int, Field(ge=1, le=512, strict=True)]


def _check_rate(rate: int | None) -> int | None:
    if rate is not None and not 0 < rate <= COUNT_MAX:
        raise ValueError("must be from 1 to 2147483647 bytes")
    return rate


class Topology(Model):
    """How the virtual CPUs lie in sockets, which some guests are licensed by. The product of the three is ``resources.vcpu``."""

    sockets: Factor = Field(default=1, description="Sockets.")
    cores: Factor = Field(default=1, description="Cores of each socket.")
    threads: Factor = Field(default=1, description="Threads of each core.")

    @property
    def vcpus(self) -> int:
        return self.sockets * self.cores * self.threads

    def __str__(self) -> str:
        return f"{self.sockets} x {self.cores} x {self.threads}"


class Scsi(Model):
    """The controller that disks on bus scsi are plugged into."""

    model: Literal["virtio-scsi", "lsilogic"] = Field(
        default="virtio-scsi", description="virtio-scsi, or lsilogic (LSI 53C895A) for guests without its driver."
    )
    io_thread: Flag = Field(
        default=False, description="Of virtio-scsi: a thread of its own serves the disks, beside those of the vCPUs."
    )
    queues: Annotated[int, Field(ge=1, le=256, strict=True)] | None = Field(
        default=None, description="Of virtio-scsi: how many queues it has. Default: QEMU's choice."
    )

    @model_validator(mode="after")
    def _is_virtio(self) -> Self:
        if self.model != "virtio-scsi" and (self.io_thread or self.queues is not None):
            raise ValueError("ioThread and queues need model: virtio-scsi")
        return self


class Sound(Model):
    """A sound card."""

    model: Literal["hda", "ac97", "sb16"] = Field(
        default="hda", description="hda (Intel HD Audio), ac97, or sb16 for guests of the nineties."
    )


class Tpm(Model):
    """A TPM that the host emulates (swtpm). What it holds goes when its machine is deleted."""

    version: Literal["2.0", "1.2"] = Field(default="2.0", description="Of the TPM's specification.")
    model: Literal["tis", "crb"] = Field(default="tis", description="How the guest reaches it: tis, or crb (version 2.0 only).")

    @model_validator(mode="after")
    def _crb_is_2(self) -> Self:
        if self.model == "crb" and self.version != "2.0":
            raise ValueError('model: crb needs version: "2.0"')
        return self


class Rng(Model):
    """Random numbers of the host for the guest (virtio-rng)."""

    enabled: Flag = Field(default=True, description="Whether there are any.")
    bytes_per_second: Annotated[Quantity | None, AfterValidator(_check_rate)] = Field(
        default=None, description="How many bytes the guest gets in a second, such as 1Ki. Default: as many as it takes."
    )

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if self.bytes_per_second is not None and not self.enabled:
            raise ValueError("bytesPerSecond needs enabled: true")
        return self


def _check_smbios(text: str) -> str:
    if text != text.strip():
        raise ValueError("must not begin or end with white space")
    return text


def _check_uuid(text: str) -> str:
    uuid = text.lower()
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid):
        raise ValueError("must be a uuid, such as 6a3f1c1e-57d5-4b1c-9d2e-0c1d2e3f4a5b")
    if set(uuid) <= {"0", "-"} or set(uuid) <= {"f", "-"}:
        raise ValueError("must not be all zeros, or all ones: guests take that for none")
    return uuid


SmbiosText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$"), AfterValidator(_check_smbios)]


class Smbios(Model):
    """What the guest reads of the mainboard it believes to be on (SMBIOS, dmidecode -t system)."""

    manufacturer: SmbiosText | None = Field(default=None, description="Default: QEMU.")
    product: SmbiosText | None = Field(default=None, description="Default: QEMU's name of the chipset.")
    version: SmbiosText | None = Field(default=None, description="Default: QEMU's machine type.")
    serial: SmbiosText | None = Field(default=None, description="A serial number, by which some software is licensed.")
    sku: SmbiosText | None = Field(default=None, description="A stock keeping unit.")
    family: SmbiosText | None = Field(default=None, description="A family of products.")
    uuid: Annotated[str, AfterValidator(_check_uuid)] | None = Field(
        default=None,
        description="The guest's; that of its domain stays another. Default: the domain's.",
        json_schema_extra={"pattern": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
    )


class Watchdog(Model):
    """A device that the guest must feed: where it stops, it hangs, and the action is taken."""

    model: Literal["i6300esb", "ib700"] = Field(
        default="i6300esb",
        description="The card: on the PCI bus, or on the ISA bus, which later versions of libvirt take of machine.type pc only.",
    )
    action: Literal["Reset", "Shutdown", "PowerOff"] = Field(
        default="Reset", description="Reset restarts the guest at once; of the others runStrategy says what follows."
    )
