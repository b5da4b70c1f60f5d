"""Image: a file that disks start as, with a name that machines, plugins and disks refer to."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from .base import Model, Resource, Status
from .condition import Condition
from .image_source import FileSource, ImageFormat, ImageSource
from .machine import VirtualMachineSpec
from .plugin import PluginSpec
from .quantity import Quantity

USERS_SHOWN = 20
UPLOADED = "upload:"
"""The address of a file that was uploaded: nothing can be fetched there, and its SHA-256 tells which file it is."""


class AwaitedUpload(Model):
    """What is uploaded. The upload itself says how long it is, and what it hashes to."""


class ImageOrigin(FileSource):
    """Where an image comes from: an address, a local file, or an upload."""

    upload: AwaitedUpload | None = Field(
        default=None,
        description="{}: the file is uploaded (`homeostat image upload FILE NAME`, or over REST), which sets sha256.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.url, self.path, self.upload)) != 1:
            raise ValueError("give exactly one of url, path and upload")
        return self


class ImageSpec(Model):
    """Where it comes from. It does not change once the image is Ready."""

    source: ImageOrigin
    format: ImageFormat | None = Field(
        default=None,
        description="Told by the contents where not given. raw: the file as it is, such as a kernel or an initramfs.",
    )


class ImageState(StrEnum):
    """What is done about it, in one word."""

    PENDING = "Pending"
    QUEUED = "Queued"
    FETCHING = "Fetching"
    READY = "Ready"
    FAILED = "Failed"


class ImageStatus(Status):
    """The image as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    phase: ImageState = Field(default=ImageState.PENDING, description="What is done about it.")
    progress: int | None = Field(default=None, description="Percent that have been fetched, where that is known.")
    format: ImageFormat | None = Field(default=None, description="What it is by its contents: raw, qcow2, vmdk or iso.")
    size: Quantity | None = Field(default=None, description="Bytes of the file.")
    virtual_size: Quantity | None = Field(default=None, description="Bytes of the disk that a guest sees.")
    digest: str = Field(default="", description="sha256: and what the file hashes to.")
    used_by: tuple[str, ...] = Field(default=(), description="What names it, such as vm/web; 20 at the most.")
    users: int = Field(default=0, description="How many name it.")


class Image(Resource):
    """A file that disks start as. It is fetched or uploaded once, checked, and never changed."""

    KIND: ClassVar[str] = "Image"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Image"] = "Image"
    spec: ImageSpec
    status: ImageStatus | None = None


def disk_sources(spec: VirtualMachineSpec | PluginSpec) -> list[ImageSource]:
    """Returns what the disks of a spec start as."""
    root = spec.rootfs if isinstance(spec, PluginSpec) else None
    return [source for source in (root, *(disk.image for disk in spec.disks)) if source is not None]


def boot_sources(spec: VirtualMachineSpec | PluginSpec) -> list[ImageSource]:
    """Returns the kernel and the initramfs of a spec."""
    boot = spec if isinstance(spec, PluginSpec) else spec.boot
    return [source for source in (boot.kernel, boot.initramfs) if source is not None]


def image_names(spec: VirtualMachineSpec | PluginSpec) -> set[str]:
    """Returns the names of the Images that a spec refers to."""
    return {source.image_ref.name for source in (*boot_sources(spec), *disk_sources(spec)) if source.image_ref is not None}
