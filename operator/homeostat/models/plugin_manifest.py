"""Volant's plugin manifests, in both of their dialects, read into our Plugin document.

One dialect says resources.vcpu, workload.port and rootfs.format (the REST reference). The other says resources.cpu_cores,
workload.base_url and entrypoint, and initramfs (the manifest reference). A manifest may mix them. It is refused where it says one
thing twice and differently.

Volant's command line sends every field that it knows, also those that nobody filled in, with Go's zero values: an empty text, a
0, an image without an address. These count as left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .addresses import Port
from .base import API_VERSION, Name
from .machine_hardware import VCPU_MAX
from .plugin import Plugin

# These file systems name what is inside a raw image.
_FORMATS = {"ext4": "raw", "xfs": "raw", "btrfs": "raw", "img": "raw"}
_PORTS = {"http": 80, "https": 443}


def is_empty(value: Any) -> bool:
    """Tells whether a value says nothing: null, an empty text, a zero, or a list or an object of nothing else."""
    parts = [value]
    while parts:  # without recursion: a request may nest as deep as the JSON reader allows
        part = parts.pop()
        if isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, list):
            parts += part
        elif part:
            return False
    return True


def without_zeros(given: Any) -> Any:
    """Returns resources in the words of Volant's command line without the 0 that it writes for what nobody asked for. Other
    values stay as they are."""
    if not isinstance(given, Mapping) or "cpu_cores" not in given:
        return given
    sizes = ("cpu_cores", "memory_mb")
    return {name: value for name, value in given.items() if not (name in sizes and type(value) is int and value == 0)}


def plain_text(given: Any) -> Any:
    """Returns the text of a cloud-init file, also where Volant's command line wraps it in ``{inline, content, path}``.

    Raises:
        ValueError: it names a file.
    """
    if not isinstance(given, Mapping):
        return given
    if given.get("path"):
        raise ValueError("path: send the text itself, as content; files of the client cannot be read here")
    return given.get("content") or None


def _unless_empty(given: Any) -> Any:
    """Drops an image whose address is empty, whatever else is said of it."""
    nowhere = isinstance(given, Mapping) and "url" in given and is_empty(given["url"])
    return None if nowhere or is_empty(given) else given


def _nothing(given: Any) -> None:
    if _unless_empty(given) is not None:
        raise ValueError("is not supported: leave it out")


def _unless_unasked(given: Any) -> Any:
    """Drops a check of the endpoint "". A check that names no endpoint asks for the root."""
    return None if isinstance(given, Mapping) and given.get("endpoint") == "" else given


Dropped = Annotated[Any, Field(description="Dropped: it changes nothing here.")]
Unsupported = Annotated[Any, BeforeValidator(_nothing), Field(description="Must be empty: it is not supported here.")]
Text = Annotated[str | None, BeforeValidator(plain_text)]


class _Part(BaseModel):
    """Nulls and empty texts count as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if value is not None and value != ""}


class ManifestResources(_Part):
    vcpu: int | None = Field(default=None, ge=1, le=VCPU_MAX, description="Virtual CPUs.")
    cpu_cores: int | None = Field(default=None, ge=1, le=VCPU_MAX, description="The same, in the other dialect.")
    memory_mb: int | None = Field(default=None, ge=16, le=2**30, description="Memory in MiB.")

    _left_out = model_validator(mode="before")(without_zeros)

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if self.vcpu is not None and self.cpu_cores is not None and self.vcpu != self.cpu_cores:
            raise ValueError("vcpu and cpu_cores mean the same, and differ: give one of them")
        return self


class ManifestWorkload(_Part):
    type: Literal["http", "tcp", "daemon", "batch"] | None = Field(
        default=None, description="Default: http where there is a port or a base_url, else daemon."
    )
    port: Port | None = Field(default=None, description="The guest's port.")
    base_url: str | None = Field(default=None, max_length=2048, pattern=r"^https?://[^/\s]+\S*$", description="Says the port.")
    entrypoint: list[str] | None = Field(default=None, max_length=256, description="Program and arguments.")
    env: dict[str, str] | None = None
    workdir: Literal["/"] | None = Field(default=None, description="Dropped: it is where an init starts anyway.")

    @model_validator(mode="after")
    def _one_port(self) -> Self:
        said = self.port_of_url()
        if self.port is not None and said is not None and self.port != said:
            raise ValueError(f"port is {self.port}, and base_url says {said}: give one of them")
        if self.type in ("http", "tcp") and self.port is None and said is None:
            raise ValueError(f"a workload of type {self.type} needs a port or a base_url")
        return self

    def port_of_url(self) -> int | None:
        if self.base_url is None:
            return None
        parts = urlsplit(self.base_url)
        try:
            return parts.port or _PORTS[parts.scheme.lower()]
        except ValueError as error:
            raise ValueError(f"base_url: {error}") from None


class ManifestImage(_Part):
    url: str = Field(min_length=1, max_length=4096, description="http(s):// or file:/// address, or an absolute path.")
    checksum: str | None = Field(default=None, pattern=r"^(sha256:)?[0-9A-Fa-f]{64}$", description="sha256:<64 hex digits>.")
    format: Literal["raw", "qcow2", "vmdk", "iso", "ext4", "xfs", "btrfs", "img"] | None = None

    def source(self) -> dict[str, Any]:
        """Returns it in the form of an ImageSource."""
        place = {"path": self.url} if self.url.startswith("/") else {"url": self.url}
        hashed = {"sha256": self.checksum.lower().removeprefix("sha256:")} if self.checksum else {}
        kind = {"format": _FORMATS.get(self.format, self.format)} if self.format else {}
        return {**place, **hashed, **kind}


class ManifestHealthCheck(_Part):
    endpoint: str = Field(default="/", max_length=2048, pattern=r"^/\S*$", description="Path to GET.")
    timeout_ms: int = Field(default=1000, ge=1, le=3_600_000)
    interval_ms: int = Field(default=10_000, ge=1, le=86_400_000)
    retries: int = Field(default=3, ge=1, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != 0} if isinstance(given, Mapping) else given

    def probe(self, port: int) -> dict[str, Any]:
        return {
            "httpGet": {"port": port, "path": self.endpoint},
            "timeoutSeconds": math.ceil(self.timeout_ms / 1000),
            "periodSeconds": math.ceil(self.interval_ms / 1000),
            "failureThreshold": self.retries,
        }


class ManifestNetwork(_Part):
    mode: Literal["bridge", "bridged", "network", "dhcp", "user"] = Field(
        description="bridged, dhcp: the default network, where nothing else is named."
    )
    bridge_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,15}$")
    network_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    subnet: Dropped = None
    gateway: Dropped = None
    auto_assign: Dropped = None

    def nics(self) -> list[dict[str, Any]]:
        if self.bridge_name is not None:
            return [{"name": "lan", "bridge": self.bridge_name}]
        if self.mode == "user":
            return [{"name": "lan", "user": {}}]
        return [{"name": "lan", "network": self.network_name or "default"}]


class ManifestCloudInit(_Part):
    datasource: Literal["NoCloud"] | None = None
    seed_mode: Literal["disk", "vfat"] | None = None
    user_data: Text = None
    meta_data: Text = None
    network_config: Text = None

    def seed(self) -> dict[str, str]:
        named = {"userData": self.user_data, "metaData": self.meta_data, "networkConfig": self.network_config}
        return {name: text for name, text in named.items() if text is not None}


OptionalImage = Annotated[ManifestImage | None, BeforeValidator(_unless_empty)]


class PluginManifest(_Part):
    """What both dialects say; fields that change nothing here are taken and dropped."""

    name: Name
    version: str = Field(min_length=1, max_length=64)
    description: str = Field(default="", max_length=4096)
    enabled: bool = True
    workload: ManifestWorkload = Field(default_factory=ManifestWorkload)
    resources: ManifestResources = Field(default_factory=ManifestResources)
    rootfs: OptionalImage = None
    kernel: Annotated[OptionalImage, Field(description="Our extension: boots directly.")] = None
    initramfs: OptionalImage = None
    cmdline: str | None = Field(default=None, max_length=3000, description="Our extension.")
    health_check: Annotated[ManifestHealthCheck | None, BeforeValidator(_unless_unasked)] = None
    network: Annotated[ManifestNetwork | None, BeforeValidator(_unless_empty)] = None
    cloud_init: ManifestCloudInit | None = None
    openapi: dict[str, Any] | None = None
    labels: dict[str, str] = Field(default_factory=dict, max_length=64)
    schema_version: str | None = Field(default=None, pattern=r"^1(\.[0-9]+)*$")
    runtime: Annotated[str, Field(max_length=253)] | None = Field(default=None, description="Dropped.")
    image: Dropped = None
    image_digest: Dropped = None
    actions: Dropped = None
    disks: Unsupported = None
    devices: Unsupported = None
    schema_url: str | None = Field(default=None, alias="$schema", max_length=2048, description="Dropped.")

    @property
    def port(self) -> int | None:
        return self.workload.port if self.workload.port is not None else self.workload.port_of_url()

    @model_validator(mode="after")
    def _boots(self) -> Self:
        if self.rootfs is None and self.kernel is None and self.initramfs is None:
            raise ValueError("a plugin needs a rootfs, or a kernel with an initramfs")
        if self.health_check is not None and self.port is None:
            raise ValueError("health_check needs workload.port or workload.base_url")
        return self


def plugin_document(manifest: dict[str, Any], kernel: str | None = None) -> dict[str, Any]:
    """Returns the Plugin document that a manifest describes. ``kernel`` (address or absolute path) boots an initramfs that comes
    without a kernel.

    Raises:
        ValueError: it is no manifest; a pydantic.ValidationError names the fields.
    """
    read = PluginManifest.model_validate(manifest)
    default = ManifestImage(url=kernel) if kernel is not None and read.initramfs is not None else None
    boots = read.kernel or default
    if read.initramfs is not None and boots is None:
        raise ValueError("initramfs: needs a kernel to be booted with: add kernel with a url, as for the initramfs")
    spec: dict[str, Any] = {
        "version": read.version,
        "description": read.description or None,
        "enabled": None if read.enabled else False,
        "workload": _workload(read),
        "resources": _resources(read.resources),
        "rootfs": read.rootfs.source() if read.rootfs else None,
        "kernel": boots.source() if boots else None,
        "initramfs": read.initramfs.source() if read.initramfs else None,
        "cmdline": read.cmdline,
        "probes": {"readiness": read.health_check.probe(read.port)} if read.health_check and read.port else None,
        "nics": read.network.nics() if read.network else None,
        "cloudInit": read.cloud_init.seed() if read.cloud_init else None,
        "openapi": read.openapi,
        "labels": read.labels or None,
    }
    spec = {name: value for name, value in spec.items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": Plugin.KIND, "metadata": {"name": read.name}, "spec": spec}


def _workload(manifest: PluginManifest) -> dict[str, Any]:
    given = manifest.workload
    said: dict[str, Any] = {
        "type": given.type or ("http" if manifest.port is not None else "daemon"),
        "port": manifest.port,
        "baseUrl": given.base_url,
        "entrypoint": given.entrypoint,
        "env": given.env,
    }
    return {name: value for name, value in said.items() if value is not None}


def _resources(given: ManifestResources) -> dict[str, Any] | None:
    vcpu = given.vcpu if given.vcpu is not None else given.cpu_cores
    memory = None if given.memory_mb is None else f"{given.memory_mb}Mi"
    return {name: value for name, value in (("vcpu", vcpu), ("memory", memory)) if value is not None} or None
