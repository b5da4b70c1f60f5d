"""What a VirtualMachine has beside disks, cards and a screen: its CPUs' layout, SCSI controller, sound, and a watchdog."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Flag, Model

Factor = Annotated[int, Field(ge=1, le=512, strict=True)]


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


class Watchdog(Model):
    """A device that the guest must feed: where it stops, it hangs, and the action is taken."""

    model: Literal["i6300esb", "ib700"] = Field(default="i6300esb", description="The card: on the PCI bus, or on the ISA bus.")
    action: Literal["Reset", "Shutdown", "PowerOff"] = Field(
        default="Reset", description="Reset restarts the guest at once; of the others runStrategy says what follows."
    )
