"""The hardware that every machine has: CPUs, memory, its board and firmware, and what it boots."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from .base import Flag, Model, Name
from .bounds import DEVICES_MAX, WORDS_MAX, XML_PATTERN, XML_SCHEMA
from .image_source import ImageSource
from .machine_platform import Topology
from .quantity import Quantity, format_quantity

MIB = 2**20
MEMORY_MIN = 16 * MIB  # below this no supported firmware gets to a kernel
MEMORY_MAX = 2**50  # x86 has at most 52 bits of address, and devices need some of them
VCPU_MAX = 512  # what libvirt's q35 guests take at the most


class Cpu(Model):
    """The CPU the guest sees."""

    model: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="host-passthrough, host-model, maximum, or a model name. Default: host-passthrough (KVM) or maximum (TCG).",
    )
    features: tuple[Annotated[str, Field(pattern=r"^[+-]?[a-z0-9_.-]{1,64}$")], ...] = Field(
        default=(), max_length=WORDS_MAX, description="CPU features to add, or with a leading '-' to remove."
    )
    topology: Topology | None = Field(default=None, description="How vcpu lie in sockets. Default: each in a socket of its own.")


class Resources(Model):
    """What the guest gets of the host."""

    vcpu: int = Field(default=1, ge=1, le=VCPU_MAX, strict=True, description="Virtual CPUs.")
    memory: Quantity = Field(default=512 * MIB, description="Memory, such as 512Mi or 2Gi; at least 16Mi.")
    max_vcpu: Annotated[int, Field(ge=1, le=VCPU_MAX, strict=True)] | None = Field(
        default=None,
        description="With it, vcpu changes up to so many while the machine runs. The guest has room for them.",
    )
    max_memory: Quantity | None = Field(
        default=None,
        description="With it, memory changes up to so much while the machine runs, by the balloon: until the guest's driver has "
        "taken the rest away, it has all of it.",
    )
    cpu: Cpu = Field(default_factory=cache(Cpu))

    @field_validator("memory", "max_memory")
    @classmethod
    def _enough(cls, memory: int | None) -> int | None:
        if memory is None:
            return None
        if memory < MEMORY_MIN:
            hint = f"; did you mean {memory}Mi?" if MEMORY_MIN // MIB <= memory < MIB else ""  # it was a bare number of MiB
            raise ValueError(f"is {format_quantity(memory)}; a machine needs at least {format_quantity(MEMORY_MIN)}{hint}")
        if memory > MEMORY_MAX:
            raise ValueError(f"is too large: the most is {format_quantity(MEMORY_MAX)}")
        return memory

    @model_validator(mode="after")
    def _topology_fits(self) -> Self:
        layout = self.cpu.topology
        name, most = ("vcpu", self.vcpu) if self.max_vcpu is None else ("maxVcpu", self.max_vcpu)
        if layout is not None and layout.vcpus != most:
            made = f"cpu.topology makes {layout.vcpus} CPUs (sockets x cores x threads: {layout})"
            raise ValueError(f"{made}, and {name} is {most}: let the three make {most}, or set {name}: {layout.vcpus}")
        return self

    @model_validator(mode="after")
    def _within_the_most(self) -> Self:
        if self.max_vcpu is not None and self.vcpu > self.max_vcpu:
            raise ValueError(f"vcpu is {self.vcpu}, and maxVcpu is {self.max_vcpu}: make maxVcpu at least {self.vcpu}")
        if self.max_memory is not None and self.memory > self.max_memory:
            most, asked = format_quantity(self.max_memory), format_quantity(self.memory)
            raise ValueError(f"memory is {asked}, and maxMemory is {most}: make maxMemory at least {asked}")
        return self


class MachineType(Model):
    """The virtual mainboard; pinned by libvirt when the machine is first defined."""

    type: Literal["q35", "pc"] = Field(default="q35", description="Chipset: q35 (PCI Express) or pc (i440FX, for old guests).")
    version: str | None = Field(
        default=None, pattern=r"^[0-9]+\.[0-9]+$", description="Pins the machine type's version, such as 7.2."
    )


class Virtualization(StrEnum):
    AUTO = "Auto"
    KVM = "KVM"
    TCG = "TCG"


class Firmware(Model):
    """What starts before the boot loader."""

    type: Literal["BIOS", "UEFI"] = Field(default="BIOS", description="UEFI keeps its variables with the domain.")
    secure_boot: Flag = Field(default=False, description="Needs type UEFI and machine type q35.")

    @model_validator(mode="after")
    def _secure(self) -> Self:
        if self.secure_boot and self.type != "UEFI":
            raise ValueError("secureBoot needs type: UEFI")
        return self


class Boot(Model):
    """Boot a kernel directly, or name disks and nics in the order to try."""

    kernel: ImageSource | None = Field(default=None, description="A kernel to boot without firmware or boot loader.")
    initramfs: ImageSource | None = Field(default=None, description="Goes with the kernel.")
    cmdline: str | None = Field(
        default=None, pattern=XML_PATTERN, json_schema_extra=XML_SCHEMA, max_length=4000, description="Kernel command line."
    )
    order: tuple[Name, ...] = Field(
        default=(), max_length=2 * DEVICES_MAX, description="Names of disks and nics. Default: disks as listed."
    )

    @model_validator(mode="after")
    def _kernel_first(self) -> Self:
        if self.kernel is None and (self.initramfs or self.cmdline):
            raise ValueError("initramfs and cmdline need a kernel")
        return self
