"""The display of a VirtualMachine's spec: its graphics card, and who may look."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .addresses import Address
from .base import Flag, Model
from .bounds import XML_PATTERN, XML_SCHEMA
from .quantity import Quantity


class Vnc(Model):
    """A VNC server on the host."""

    enabled: Flag = Field(default=True, description="Whether there is one.")
    listen: Address = Field(default="127.0.0.1", description="Anything but loopback needs a passwordFile.")
    port: Annotated[int, Field(ge=5900, le=65535, strict=True)] | None = Field(
        default=None, description="Default: the next free one from 5900."
    )
    password_file: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        description="A file (mode 0600) that holds the VNC password.",
    )

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.enabled and not ipaddress.ip_address(self.listen).is_loopback and not self.password_file:
            raise ValueError(f"listen: {self.listen} can be reached from outside and needs a passwordFile")
        return self


def _check_video_memory(size: int) -> int:
    if size not in {2**power for power in range(20, 29)}:
        raise ValueError("must be a power of two from 1Mi to 256Mi")
    return size


class Display(Model):
    """What a person would look at."""

    video: Literal["virtio", "vga", "qxl", "cirrus", "bochs", "none"] = Field(default="virtio", description="The graphics card.")
    video_memory: Annotated[Quantity, AfterValidator(_check_video_memory)] | None = Field(
        default=None, description="Of a vga, qxl or cirrus card: a power of two from 1Mi to 256Mi. Default: the card's."
    )
    vnc: Vnc = Field(default_factory=cache(Vnc))
    private: Flag = Field(
        default=False,
        description="The API server shows the screen to nobody but those who may change the machine: no picture of it either.",
    )

    @model_validator(mode="after")
    def _has_memory(self) -> Self:
        if self.video_memory is not None and self.video not in ("vga", "qxl", "cirrus"):
            raise ValueError("videoMemory needs video: vga, qxl or cirrus")
        return self
