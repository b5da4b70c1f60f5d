"""The contract's words, those of Volant's command line among them: what requests and answers look like.

OpenAPI's schemas are generated from these models; those of our own routes are in ``native_words``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from homeostat.models.base import NAME_MAX, Name
from homeostat.models.deployment import REPLICAS_MAX
from homeostat.models.machine import VCPU_MAX
from homeostat.models.plugin_manifest import Dropped, Unsupported, plain_text, without_zeros

from .power import StatusWord

T = TypeVar("T")

API_KEY = "X-Volant-API-Key"
"""The header in which Volant's clients send the token."""

Timestamp = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2026-01-15T10:00:00Z"])]


# Its machines are called NAME-1 to NAME-10000, and these are names too.
DEPLOYMENT_NAME_MAX = NAME_MAX - len(f"-{REPLICAS_MAX}")


class Words(BaseModel):
    """Unknown fields are refused, and nothing is coerced: "2" is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Asked(Words):
    """A request. Nulls count as left out, and so do the empty texts of fields that are not known here."""

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = cls.model_fields
        return {name: value for name, value in given.items() if value is not None and (value != "" or name in known)}


def said_once(name: str, *given: T | None) -> T | None:
    """What is said of ``name``, in one place or alike in several.

    Raises:
        ValueError: two places say different things.
    """
    said = {value for value in given if value is not None}
    if len(said) > 1:
        raise ValueError(f"{name}: is said twice, as {' and '.join(sorted(str(value) for value in said))}: send one of them")
    return said.pop() if said else None


PluginName = Annotated[
    Annotated[str, Field(min_length=1, max_length=253)] | None,
    BeforeValidator(lambda given: None if given == "" else given),
    Field(description="The workload to run."),
]
Cores = Annotated[int | None, Field(ge=1, le=VCPU_MAX, description="vcpu, as Volant's command line calls it; 0: left out.")]
Memory = Annotated[int | None, Field(ge=16, le=2**30, description="Memory in MiB.")]


class ErrorBody(Words):
    error: str = Field(description="For people: what happened, and what to do next.")
    code: str = Field(description="For programs, in snake_case.", examples=["vm_not_found"])
    details: dict[str, Any]


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


def _plugin_of(config: ConfigPatch | None) -> str | None:
    return config.plugin if config is not None else None


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
        said_once("plugin", self.plugin, _plugin_of(self.config))
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
        return said_once("plugin", self.plugin, _plugin_of(self.config))

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


class FieldChange(Words):
    old: Any
    new: Any


class HistoryEntry(ConfigVersion):
    timestamp: Timestamp
    changes: dict[str, FieldChange | Literal[True]] = Field(
        description='By field, such as resources.vcpu; the first entry of all is {"created": true}.'
    )
    author: str = Field(description="api, cli, or who committed the YAML.")


class DeploymentCreate(Asked):
    """Machines of a plugin, or of a native spec."""

    name: Annotated[Name, Field(max_length=DEPLOYMENT_NAME_MAX)]
    plugin: PluginName = None
    replicas: int | None = Field(default=None, ge=0, le=REPLICAS_MAX, description="How many machines. Default: 1.")
    config: ConfigPatch | None = Field(default=None, description="Our extension: the configuration of each machine.")
    spec: dict[str, Any] | None = Field(
        default=None,
        description="Our extension, instead of plugin, replicas and config: a VirtualMachineDeployment's spec as it stands "
        "in YAML (schema VirtualMachineDeploymentSpec).",
    )
    labels: dict[str, str] = Field(default_factory=dict, max_length=64, description="Our extension.")

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        said_once("plugin", self.plugin, _plugin_of(self.config))
        return self

    @property
    def made_from(self) -> str | None:
        """The plugin."""
        return said_once("plugin", self.plugin, _plugin_of(self.config))


class DeploymentPatch(Words):
    replicas: int = Field(ge=0, le=REPLICAS_MAX, description="How many machines there should be.")


class DeploymentBody(Words):
    name: str
    plugin: str | None
    replicas: int = Field(description="How many machines there should be.")
    ready_replicas: int = Field(description="How many run and are ready.")
    vms: list[str] = Field(description="Its machines, by index.")
    desired_replicas: int = Field(description="replicas, as Volant's command line calls it.")
    config: Settings = Field(description="Of each machine.")


class DeploymentSummary(DeploymentBody):
    created_at: Timestamp | None


class DeploymentScaled(DeploymentBody):
    scaling: bool = Field(description="Whether machines are yet to be made, to become ready, or to go.")


class DeploymentCondition(Words):
    type: str = Field(examples=["available"])
    status: Literal["true", "false", "unknown"]
    last_update: Timestamp | None
    reason: str
    message: str


class DeploymentStatus(Words):
    phase: Literal["pending", "progressing", "running", "failed", "deleting"] = Field(
        description="running: every machine is there, current and ready; failed: it cannot go on (see the conditions)."
    )
    conditions: list[DeploymentCondition]
    updated_replicas: int = Field(description="Machines of the current template.")
    available_replicas: int = Field(description="Ready for at least minReadySeconds.")
    revision: int | None = Field(description="The revision that is kept or rolled out.")


class DeploymentDetail(DeploymentSummary):
    status: DeploymentStatus


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


class DeploymentBrief(Words):
    name: str
    status: Literal["deleting"]


class SystemStats(Words):
    total_vms: int
    running_vms: int
    total_deployments: int
    total_plugins: int


class HostResources(Words):
    cpu_count: int
    memory_total_mb: int
    memory_available_mb: int


class SystemInfo(Words):
    version: str
    commit: str
    build_date: str
    go_version: str = Field(description="The contract's field; here it names the Python that runs.")
    platform: str = Field(examples=["linux/amd64"])
    stats: SystemStats
    resources: HostResources
