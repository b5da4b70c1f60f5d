"""What a VirtualMachine has beside disks, cards and a screen: the layout of its CPUs, sound, and a watchdog."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Model

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
