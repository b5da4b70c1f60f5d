"""Machines as they are configured, and as they are listed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from homeostat_api.http.words import LooseWords

from .devices import AnyDevice, check_devices

EntryState = Literal["stopped", "starting", "running"]
GivenId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
"""A machine's id: a part of a path."""
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
MEMORY_LEAST, MEMORY_MOST = 16, 2**30  # MiB


def _check_id(text: str) -> str:
    if text in ("list", "create"):
        raise ValueError("is a path of this API: choose another id")
    return text


def _check_version(text: str) -> str:
    if text and not re.fullmatch(r"[0-9]+\.[0-9]+", text):
        raise ValueError("must be two numbers with a dot between, such as 7.2; or empty, for the newest")
    return text


def _check_uuid(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError("must be a uuid, such as 6a3f1c1e-57d5-4b1c-9d2e-0c1d2e3f4a5b; or empty")
    return text.lower()


class MachineEntry(LooseWords):
    """ConfigVMEntry: a machine as it is configured."""

    id: Annotated[GivenId, AfterValidator(_check_id)]
    name: Title
    hypervisor: Literal["qemu"]
    autostart: bool
    private: bool
    qemu_use_uefi: bool
    qemu_enable_agent: bool
    qemu_uuid: Annotated[str, AfterValidator(_check_uuid)]
    qemu_machine_type: Literal["pc", "q35"]
    qemu_machine_version: Annotated[str, AfterValidator(_check_version)]
    qemu_devices: Annotated[list[AnyDevice], Field(max_length=200), AfterValidator(check_devices)]
    qemu_memory_mb: Annotated[int, Field(ge=MEMORY_LEAST, le=MEMORY_MOST)] | None = Field(
        default=None, description="Our extension: MiB, since no device says it. Default: the server's."
    )
    password: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Our extension: what lets somebody into a private machine. It is never shown."
    )

    @model_validator(mode="after")
    def _agent_needs_q35(self) -> Self:
        if self.qemu_enable_agent and self.qemu_machine_type != "q35":
            raise ValueError(f"qemu_enable_agent needs qemu_machine_type: q35 (it is {self.qemu_machine_type})")
        return self


class MachineWithState(MachineEntry):
    state: EntryState


class NeedsRestart(LooseWords):
    needs_restart: bool


class ListedOs(LooseWords):
    kind: Literal["windows", "macos", "linux", "other"]
    release: str | None = None
    arch: str


class ListedDisk(LooseWords):
    type: Literal["hdd", "ssd"]
    size: int = Field(description="Bytes.")


class ListedGraphics(LooseWords):
    type: Literal["vga", "burst"]
    vram_size: int | None = Field(default=None, description="Bytes. Not of burst.")


class ListedInfo(LooseWords):
    hypervisor: Literal["qemu"]
    os: ListedOs
    disk: list[ListedDisk]
    graphics: ListedGraphics


class ListedMachine(LooseWords):
    """ListVMEntry: a machine that runs."""

    id: str
    name: str
    info: ListedInfo


EntryDocument = dict[str, Any]
