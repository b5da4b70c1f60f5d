"""Plugin: a workload template that machines and deployments are made from."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .base import Model, Resource
from .condition import Condition
from .machine import Resources
from .machine_devices import CloudInit, Disk, ImageSource, Nic, Port
from .probe import Probes
from .quantity import Quantity


class WorkloadType(StrEnum):
    HTTP = "http"
    TCP = "tcp"
    DAEMON = "daemon"
    BATCH = "batch"


class Workload(Model):
    """What runs inside."""

    type: WorkloadType = Field(
        default=WorkloadType.DAEMON, description="http and tcp serve a port; batch runs to completion, as a Job."
    )
    port: Port | None = Field(default=None, description="The guest's port, for http and tcp.")
    base_url: str | None = Field(default=None, max_length=2048, description="Where the workload answers, for readers.")
    entrypoint: tuple[str, ...] = Field(
        default=(), description="Program and arguments, handed to the guest on its kernel command line."
    )
    env: dict[str, str] = Field(default_factory=dict, description="Environment, handed to the guest on its kernel command line.")

    @model_validator(mode="after")
    def _serves_a_port(self) -> Self:
        if self.type in (WorkloadType.HTTP, WorkloadType.TCP) and self.port is None:
            raise ValueError(f"a workload of type {self.type} needs a port")
        return self


class PluginSpec(Model):
    version: str = Field(min_length=1, max_length=64, description="A new version rolls the deployments that follow the plugin.")
    description: str = Field(default="", max_length=4096, description="For readers.")
    enabled: bool = Field(default=True, description="A disabled plugin makes no new machines; those that exist run on.")
    workload: Workload = Field(default_factory=Workload)
    resources: Resources = Field(default_factory=Resources)
    rootfs: ImageSource | None = Field(default=None, description="The root disk's image: an overlay per machine.")
    rootfs_size: Quantity | None = Field(default=None, description="Size of the root disk. Default: the image's.")
    kernel: ImageSource | None = Field(default=None, description="Boots directly; with a rootfs it mounts that.")
    initramfs: ImageSource | None = Field(default=None, description="Goes with the kernel.")
    cmdline: str | None = Field(default=None, max_length=3000, description="Kernel command line.")
    probes: Probes | None = Field(default=None, description="Health checks of every machine made from it.")
    nics: tuple[Nic, ...] = Field(default=(), description="Network cards. Default: one on the network default.")
    disks: tuple[Disk, ...] = Field(default=(), description="Further disks.")
    cloud_init: CloudInit | None = None
    openapi: dict[str, Any] | None = Field(default=None, description="The OpenAPI document of what runs inside.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of every machine made from it.")

    @model_validator(mode="after")
    def _boots(self) -> Self:
        if self.rootfs is None and self.kernel is None:
            raise ValueError("a plugin needs a rootfs, or a kernel")
        if self.kernel is None and (self.initramfs or self.cmdline):
            raise ValueError("initramfs and cmdline need a kernel")
        return self


class PluginStatus(Model):
    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="See the table below.")
    machines: int = Field(default=0, description="Machines that use it.")


class Plugin(Resource):
    KIND: ClassVar[str] = "Plugin"
    PLURAL: ClassVar[str] = "plugins"
    SHORT: ClassVar[tuple[str, ...]] = ("plugin",)

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Plugin"] = "Plugin"
    spec: PluginSpec
    status: PluginStatus | None = None
