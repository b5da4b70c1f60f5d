"""The display of a VirtualMachine's spec: its graphics card, and who may look."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .addresses import NOWHERE, ListenAddress
from .base import Flag, Model
from .bounds import XML_PATTERN, XML_SCHEMA
from .quantity import Quantity

LOOPBACK = "127.0.0.1"


class Vnc(Model):
    """The screen of a machine, for whoever may look at its console; and a VNC server on the host, where one is asked for."""

    enabled: Flag = Field(default=True, description="Whether it has a screen.")
    listen: ListenAddress | None = Field(
        default=None,
        description="The host's address that VNC viewers connect to; beyond loopback it needs a passwordFile. none: there is no "
        "port, consoles of the API server show the screen. Default: 127.0.0.1 with a port or a passwordFile, else none.",
    )
    port: Annotated[int, Field(ge=5900, le=65535, strict=True)] | None = Field(
        default=None, description="Where it listens. Default: the next free one from 5900."
    )
    password_file: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        description="A file (mode 0600) that holds the VNC password.",
    )

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not self.enabled:
            return self
        if self.listen == NOWHERE and (self.port is not None or self.password_file):
            field = "port" if self.port is not None else "passwordFile"
            raise ValueError(f"listen: {NOWHERE} leaves nothing that {field} is for: remove it, or name an address to listen on")
        if self.address and not ipaddress.ip_address(self.address).is_loopback and not self.password_file:
            raise ValueError(f"listen: {self.address} can be reached from outside and needs a passwordFile")
        return self

    @property
    def address(self) -> str | None:
        """Returns the address that it listens on. None: it listens nowhere."""
        if self.listen is None:
            return LOOPBACK if self.port is not None or self.password_file else None
        return None if self.listen == NOWHERE else self.listen


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
