"""A machine's configuration, and its history."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from homeostat.models.machine_hardware import VCPU_MAX
from homeostat.models.plugin_manifest import Dropped, Unsupported, plain_text, without_zeros
from homeostat_api.http.words import Timestamp, Words

from .asked import Asked, Cores, Memory, PluginName, said_once


class ResourcesBody(Words):
    vcpu: int = Field(ge=1, le=VCPU_MAX, description="Virtual CPUs.")
    memory_mb: int = Field(ge=16, le=2**30, description="Memory in MiB.")


class ResourcesPatch(Asked):
    vcpu: int | None = Field(default=None, ge=1, le=VCPU_MAX, description="Virtual CPUs.")
    cpu_cores: Cores = None
    memory_mb: Memory = None

    _left_out = model_validator(mode="before")(without_zeros)

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        said_once("vcpu and cpu_cores", self.vcpu, self.cpu_cores)
        return self

    @property
    def cores(self) -> int | None:
        return self.cpu_cores if self.vcpu is None else self.vcpu


class NetworkBody(Words):
    mode: Literal["bridge", "network", "user", "none"] = Field(description="How the first network card is connected.")
    bridge_name: str | None = Field(description="With mode bridge: the host's bridge.")
    network_name: str | None = Field(default=None, description="With mode network: the libvirt network. Our extension.")


class NetworkPatch(Asked):
    mode: Literal["bridge", "network", "user"]
    bridge_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,15}$")
    network_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")


class CloudInitBody(Words):
    enabled: bool


class CloudInitPatch(Asked):
    enabled: bool | None = Field(default=None, description="false: no cloud-init seed, also where its plugin has one.")
    user_data: Annotated[
        Annotated[str, Field(max_length=500_000)] | None,
        BeforeValidator(plain_text),
        Field(description="#cloud-config, a script, ..."),
    ] = None
    datasource: Dropped = None
    seed_mode: Dropped = None
    meta_data: Unsupported = None
    network_config: Unsupported = None


class Sizes(Words):
    cpu_cores: int
    memory_mb: int


class Settings(Words):
    """The configuration in the words of Volant's command line."""

    plugin: str | None
    runtime: str | None = Field(description="Its plugin's.")
    resources: Sizes
    api: dict[str, Any] = Field(description="Empty.")


class ConfigVersion(Words):
    version: int = Field(description="Of the configuration: the generation of the machine that made it.")
    updated_at: Timestamp | None
    config: Settings


class ConfigBody(ConfigVersion):
    resources: ResourcesBody
    network: NetworkBody
    cloud_init: CloudInitBody


class ConfigChanged(ConfigBody):
    restart_required: bool = Field(description="Whether this request changed what only a restart applies.")


class ConfigPatch(Asked):
    """What is left out stays as it is. Below cloud_init are the further words of Volant's command line."""

    resources: ResourcesPatch | None = None
    network: NetworkPatch | None = None
    cloud_init: CloudInitPatch | None = None
    plugin: PluginName = None
    runtime: Dropped = None
    api: Dropped = None
    image: Dropped = None
    manifest: Dropped = None
    metadata: Dropped = None
    kernel_cmdline: Unsupported = None
    kernel_override: Unsupported = None
    devices: Unsupported = None
    expose: Unsupported = None
    rootfs: Unsupported = None
    initramfs: Unsupported = None


def plugin_of(config: ConfigPatch | None) -> str | None:
    return config.plugin if config is not None else None


class FieldChange(Words):
    old: Any
    new: Any


class HistoryEntry(ConfigVersion):
    timestamp: Timestamp
    changes: dict[str, FieldChange | Literal[True]] = Field(
        description='By field, such as resources.vcpu; the first entry of all is {"created": true}.'
    )
    author: str = Field(description="api, cli, or who committed the YAML.")
