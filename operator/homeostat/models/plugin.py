"""Plugin: a workload template that machines and deployments are made from."""

from __future__ import annotations

import base64
import json
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .addresses import Port
from .base import Flag, Labels, Model, Resource, Status
from .bounds import OPENAPI_MAX, WORDS_MAX, XML_PATTERN, XML_SCHEMA, free
from .cloud_init import CloudInit
from .condition import Condition
from .image_source import ImageSource
from .machine import first_repeated
from .machine_disks import DiskDevice, check_size
from .machine_hardware import Resources
from .machine_nics import Nic
from .probe import Probes
from .quantity import Quantity

ROOT_DISK = "root"  # name of the disk that a rootfs becomes
CMDLINE_MAX = 2047  # COMMAND_LINE_SIZE of x86 kernels is 2048, with the final zero


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
        default=(),
        max_length=WORDS_MAX,
        description="Program and arguments. With a kernel they are on its command line, as homeostat.entrypoint= and a JSON list "
        "in base64url; without one in the cloud-init seed's meta-data, as homeostat_entrypoint.",
    )
    env: dict[str, str] = Field(
        default_factory=dict,
        max_length=WORDS_MAX,
        description="Environment. With a kernel it is on its command line, as homeostat.env= and a JSON object in base64url; "
        "without one in the cloud-init seed's meta-data, as homeostat_env.",
    )

    @model_validator(mode="after")
    def _serves_a_port(self) -> Self:
        if self.type in (WorkloadType.HTTP, WorkloadType.TCP) and self.port is None:
            raise ValueError(f"a workload of type {self.type} needs a port")
        return self


class PluginSpec(Model):
    """What machines made from it boot, run, and how to tell that it works."""

    version: str = Field(min_length=1, max_length=64, description="A new version rolls the deployments that follow the plugin.")
    description: str = Field(default="", max_length=4096, description="For readers.")
    enabled: Flag = Field(default=True, description="A disabled plugin makes no new machines; those that exist run on.")
    workload: Workload = Field(default_factory=Workload)
    resources: Resources = Field(default_factory=Resources)
    rootfs: ImageSource | None = Field(default=None, description="The root disk's image: an overlay per machine.")
    rootfs_size: Annotated[Quantity | None, AfterValidator(check_size)] = Field(
        default=None, description="Size of the root disk. Default: the image's."
    )
    kernel: ImageSource | None = Field(default=None, description="Boots directly; with a rootfs it mounts that.")
    initramfs: ImageSource | None = Field(default=None, description="Goes with the kernel.")
    cmdline: str | None = Field(
        default=None, pattern=XML_PATTERN, json_schema_extra=XML_SCHEMA, max_length=3000, description="Kernel command line."
    )
    probes: Probes | None = Field(default=None, description="Health checks of every machine made from it.")
    nics: tuple[Nic, ...] = Field(
        default=(), max_length=WORDS_MAX, description="Network cards. Default: one on the network default."
    )
    disks: tuple[DiskDevice, ...] = Field(default=(), max_length=WORDS_MAX, description="Further disks.")
    cloud_init: CloudInit | None = None
    openapi: Annotated[dict[str, Any], free(OPENAPI_MAX)] | None = Field(
        default=None, description="The OpenAPI document of what runs inside."
    )
    labels: Labels = Field(default_factory=dict, description="Labels of every machine made from it.")

    @model_validator(mode="after")
    def _boots(self) -> Self:
        if self.rootfs is None and self.kernel is None:
            raise ValueError("a plugin needs a rootfs, or a kernel")
        if self.rootfs is not None and any(disk.name == ROOT_DISK for disk in self.disks):
            raise ValueError(f"disks: the name {ROOT_DISK!r} is kept for the disk that rootfs makes")
        if named := next((disk for disk in self.disks if disk.disk_ref), None):
            raise ValueError(
                f"disks[{named.name}].diskRef: one machine has a Disk, and a plugin makes many: name it in the machine"
            )
        for field, names in (("disks", [d.name for d in self.disks]), ("nics", [n.name for n in self.nics])):
            if twice := first_repeated(names):
                raise ValueError(f"{field}: the name {twice!r} is used twice")
        if self.kernel is None and (self.initramfs or self.cmdline):
            raise ValueError("initramfs and cmdline need a kernel")
        return self

    @model_validator(mode="after")
    def _fits_the_command_line(self) -> Self:
        length = len(kernel_command_line(self).encode())
        if self.kernel is not None and length > CMDLINE_MAX:
            raise ValueError(
                f"cmdline, workload.entrypoint and workload.env make {length} characters; a kernel reads {CMDLINE_MAX} of them: "
                "put the rest into the rootfs or cloudInit"
            )
        return self


def kernel_command_line(plugin: PluginSpec) -> str:
    """Returns the plugin's command line, with what its workload gets to know: base64url of JSON, so that nothing in it needs
    quoting."""
    parts = [plugin.cmdline, *(f"{name}={_encoded(value)}" for name, value in told_to_workload(plugin).items())]
    return " ".join(part for part in parts if part)


def told_to_workload(plugin: PluginSpec) -> dict[str, Any]:
    """Returns what the guest should know about what it runs."""
    told = {"homeostat.entrypoint": list(plugin.workload.entrypoint), "homeostat.env": plugin.workload.env}
    return {name: value for name, value in told.items() if value}


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, sort_keys=True).encode()).decode()


class PluginStatus(Status):
    """The plugin as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    machines: int = Field(default=0, description="Machines that use it.")


class Plugin(Resource):
    """A workload template that machines and deployments are made from."""

    KIND: ClassVar[str] = "Plugin"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Plugin"] = "Plugin"
    spec: PluginSpec
    status: PluginStatus | None = None
