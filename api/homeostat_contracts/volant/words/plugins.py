"""Plugins, and the manifests that they are installed from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from homeostat.models.base import Name
from homeostat_api.http.words import Timestamp, Words

from .config import ResourcesBody


class PluginCreate(Words):
    """A plugin in our own words; the contract's are manifests."""

    name: Name
    spec: dict[str, Any]
    labels: dict[str, str] = Field(default_factory=dict, max_length=64)


class PluginList(Words):
    plugins: list[str] = Field(description="Names.")


class PluginEnabled(Words):
    enabled: bool


class PluginWorkload(Words):
    type: Literal["http", "tcp", "daemon", "batch"]
    port: int | None = None
    base_url: str | None = None
    entrypoint: list[str] | None = None
    env: dict[str, str] | None = None


class PluginImage(Words):
    format: str | None = None
    url: str
    checksum: str | None = Field(default=None, examples=["sha256:" + 64 * "0"])


class PluginImages(Words):
    ready: bool = Field(description="Whether the host has them, and their checksums hold.")
    reason: str
    message: str


class PluginResources(ResourcesBody):
    cpu_cores: int = Field(description="vcpu, as Volant's command line calls it.")


class PluginDetail(Words):
    """The manifest, and what became of it. What the manifest leaves out is left out here."""

    name: str
    version: str
    description: str
    enabled: bool
    workload: PluginWorkload
    runtime: str = Field(description="The label volant.runtime of its manifest, or its name.")
    resources: PluginResources
    rootfs: PluginImage | None = None
    kernel: PluginImage | None = None
    initramfs: PluginImage | None = None
    cmdline: str | None = None
    labels: dict[str, str] | None = None
    openapi: dict[str, Any] | None = None
    installed_at: Timestamp | None
    images: PluginImages | None = Field(default=None, description="Our extension; absent before the operator looked.")


class PluginBrief(Words):
    name: str
    status: Literal["deleting"]
