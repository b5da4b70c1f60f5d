"""Machines: as they are asked for, and as they are shown."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from homeostat.models.base import Name
from homeostat.models.plugin_manifest import Dropped, Unsupported, without_zeros
from homeostat_api.http.words import Timestamp, Words

from ..status_words import StatusWord
from .asked import Asked, Cores, Memory, PluginName, said_once
from .config import ConfigPatch, ResourcesBody, ResourcesPatch, plugin_of


class MachineCreate(Asked):
    """A machine from a plugin, from a native spec, or from defaults."""

    name: Name
    plugin: PluginName = None
    config: ConfigPatch | None = None
    cpu_cores: Cores = None
    memory_mb: Memory = None
    runtime: Dropped = None
    api_host: Dropped = None
    api_port: Dropped = None
    kernel_cmdline: Unsupported = None
    spec: dict[str, Any] | None = Field(
        default=None,
        description="Our extension, instead of plugin and config: a VirtualMachine's spec as it stands in YAML (schema "
        "VirtualMachineSpec).",
    )
    labels: dict[str, str] = Field(default_factory=dict, max_length=64, description="Our extension.")

    _left_out = model_validator(mode="before")(without_zeros)

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        said_once("plugin", self.plugin, plugin_of(self.config))
        said_once("cpu_cores", self.cpu_cores, self._resources.cores)
        said_once("memory_mb", self.memory_mb, self._resources.memory_mb)
        return self

    @property
    def _resources(self) -> ResourcesPatch:
        asked = self.config.resources if self.config is not None else None
        return asked or ResourcesPatch()

    @property
    def made_from(self) -> str | None:
        """The plugin."""
        return said_once("plugin", self.plugin, plugin_of(self.config))

    @property
    def configured(self) -> ConfigPatch:
        """The configuration with the sizes that stand beside it."""
        sizes = {
            "vcpu": said_once("cpu_cores", self.cpu_cores, self._resources.cores),
            "memory_mb": said_once("memory_mb", self.memory_mb, self._resources.memory_mb),
        }
        return (self.config or ConfigPatch()).model_copy(update={"resources": ResourcesPatch.model_validate(sizes)})


class Health(Words):
    status: Literal["healthy", "unhealthy", "starting", "unknown"] = Field(
        description="starting: its startup probe has not succeeded yet; unknown: it has no probes, or does not run."
    )
    last_check: Timestamp | None


class MachineSummary(Words):
    name: str
    status: StatusWord = Field(
        description="running, stopped and starting are the contract's words; stopping (also while it is being deleted), "
        "paused, error (see its conditions with view=resource) and unknown (its host does not answer) are ours."
    )
    plugin: str | None
    ip: str | None = Field(description="The first address that was observed.")
    pid: int | None
    created_at: Timestamp | None
    resources: ResourcesBody
    runtime: str | None = Field(description="Its plugin's.")
    ip_address: str | None = Field(description="ip, as Volant's command line calls it.")
    mac_address: str | None = Field(description="Of its first network card.")
    cpu_cores: int
    memory_mb: int


class MachineDetail(MachineSummary):
    health: Health


class MachineBrief(Words):
    name: str
    status: Literal["running", "stopped", "starting", "stopping", "restarting"]
    plugin: str | None
