"""The contract's words: what requests and answers look like. OpenAPI's schemas are generated from these models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from homeostat.models.base import NAME_MAX, Name
from homeostat.models.deployment import REPLICAS_MAX
from homeostat.models.machine import VCPU_MAX

from .power import StatusWord

Timestamp = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2026-01-15T10:00:00Z"])]


# Its machines are called NAME-1 to NAME-10000, and these are names too.
DEPLOYMENT_NAME_MAX = NAME_MAX - len(f"-{REPLICAS_MAX}")


class Words(BaseModel):
    """Unknown fields are refused, and nothing is coerced: "2" is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ErrorBody(Words):
    error: str = Field(description="For people: what happened, and what to do next.")
    code: str = Field(description="For programs, in snake_case.", examples=["vm_not_found"])
    details: dict[str, Any]


class ResourcesBody(Words):
    vcpu: int = Field(ge=1, le=VCPU_MAX, description="Virtual CPUs.")
    memory_mb: int = Field(ge=16, le=2**30, description="Memory in MiB.")


class ResourcesPatch(Words):
    vcpu: int | None = Field(default=None, ge=1, le=VCPU_MAX, description="Virtual CPUs.")
    memory_mb: int | None = Field(default=None, ge=16, le=2**30, description="Memory in MiB.")


class NetworkBody(Words):
    mode: Literal["bridge", "network", "user", "none"] = Field(description="How the first network card is connected.")
    bridge_name: str | None = Field(description="With mode bridge: the host's bridge.")
    network_name: str | None = Field(default=None, description="With mode network: the libvirt network. Our extension.")


class NetworkPatch(Words):
    mode: Literal["bridge", "network", "user"]
    bridge_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,15}$")
    network_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")


class CloudInitBody(Words):
    enabled: bool


class CloudInitPatch(Words):
    enabled: bool | None = Field(default=None, description="false: no cloud-init seed, also where its plugin has one.")
    user_data: str | None = Field(default=None, max_length=500_000, description="#cloud-config, a script, ...")


class ConfigBody(Words):
    resources: ResourcesBody
    network: NetworkBody
    cloud_init: CloudInitBody


class ConfigChanged(ConfigBody):
    restart_required: bool = Field(description="Whether this request changed what only a restart applies.")


class ConfigPatch(Words):
    """What is left out stays as it is."""

    resources: ResourcesPatch | None = None
    network: NetworkPatch | None = None
    cloud_init: CloudInitPatch | None = None


class MachineCreate(Words):
    """A machine from a plugin, from a native spec, or from defaults."""

    name: Name
    plugin: str | None = Field(default=None, min_length=1, max_length=253, description="The workload to run.")
    config: ConfigPatch | None = None
    spec: dict[str, Any] | None = Field(
        default=None,
        description="Our extension, instead of plugin and config: a VirtualMachine's spec as it stands in YAML (schema "
        "VirtualMachineSpec).",
    )
    labels: dict[str, str] = Field(default_factory=dict, max_length=64, description="Our extension.")


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


class MachineDetail(MachineSummary):
    health: Health


class MachineBrief(Words):
    name: str
    status: Literal["running", "stopped", "starting", "stopping", "restarting"]
    plugin: str | None


class FieldChange(Words):
    old: Any
    new: Any


class HistoryEntry(Words):
    timestamp: Timestamp
    changes: dict[str, FieldChange | Literal[True]] = Field(
        description='By field, such as resources.vcpu; the first entry of all is {"created": true}.'
    )
    author: str = Field(description="api, cli, or who committed the YAML.")


class DeploymentCreate(Words):
    """Machines of a plugin, or of a native spec."""

    name: Annotated[Name, Field(max_length=DEPLOYMENT_NAME_MAX)]
    plugin: str | None = Field(default=None, min_length=1, max_length=253, description="The workload to run.")
    replicas: int | None = Field(default=None, ge=0, le=REPLICAS_MAX, description="How many machines. Default: 1.")
    config: ConfigPatch | None = Field(default=None, description="Our extension: the configuration of each machine.")
    spec: dict[str, Any] | None = Field(
        default=None,
        description="Our extension, instead of plugin, replicas and config: a VirtualMachineDeployment's spec as it stands "
        "in YAML (schema VirtualMachineDeploymentSpec).",
    )
    labels: dict[str, str] = Field(default_factory=dict, max_length=64, description="Our extension.")


class DeploymentPatch(Words):
    replicas: int = Field(ge=0, le=REPLICAS_MAX, description="How many machines there should be.")


class DeploymentBody(Words):
    name: str
    plugin: str | None
    replicas: int = Field(description="How many machines there should be.")
    ready_replicas: int = Field(description="How many run and are ready.")
    vms: list[str] = Field(description="Its machines, by index.")


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


class PluginDetail(Words):
    """The manifest, and what became of it. What the manifest leaves out is left out here."""

    name: str
    version: str
    description: str
    enabled: bool
    workload: PluginWorkload
    resources: ResourcesBody
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


class DesiredError(Words):
    severity: Literal["Error", "Held", "Notice"] = Field(
        description="Error: the last good spec stays in force. Held: a deletion that waits for a confirmation, "
        "also of replicas or disks that a document has no more."
    )
    path: str = Field(description="Relative to the folder; empty for the folder as a whole.")
    line: int
    column: int
    field: str
    message: str
    kind: str | None = Field(description="Of the resource it is about, where that is known.")
    namespace: str | None
    name: str | None


class DesiredErrors(Words):
    errors: list[DesiredError]


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


class TrashedDisk(Words):
    name: str
    path: str = Field(description="Where it lay.")
    size: int = Field(description="Bytes on the host's disk.")
    virtual_size: int = Field(description="Bytes that the guest sees.")
    backing: str | None = Field(description="The image that it was built on.")


class TrashEntry(Words):
    entry: str = Field(examples=["default.web-0b5c9a1e"])
    namespace: str
    name: str = Field(description="Of the machine; empty where the label cannot be read.")
    uid: str
    reason: str
    since: Timestamp
    until: Timestamp | None = Field(description="Then it is erased; null: only by a request.")
    returns: bool = Field(description="By itself, when the same machine comes back.")
    macs: list[str]
    disks: list[TrashedDisk]
    note: str = Field(description="Why it may not last until then, as of when it was set aside; empty: nothing is known.")
    size: int = Field(description="Bytes on the host's disk.")


class TrashList(Words):
    entries: list[TrashEntry]
    size: int


class TrashErased(Words):
    erased: list[str]
    size: int = Field(description="Bytes that are free again.")


class TrashRestored(Words):
    entry: str
    machine: str
    restored: list[str] = Field(description="Paths.")


class OrphanBody(Words):
    """Ours: what is on a host by our doing, and belongs to no resource."""

    name: str
    host: str
    state: str = Field(description="Of its domain, in libvirt's words; else no domain, or retained.", examples=["running"])
    domain: str | None
    disks: list[str]
    bytes: int | None = Field(description="What its disks take; null where there are none, or they are elsewhere.")
    last_written: Timestamp | None = Field(description="When the record on the domain was written last.")
    deleting: bool = Field(description="It was being deleted; that is finished once nothing is in doubt.")
    why: str
    todo: str


class Ready(Words):
    ready: Literal[True]
    parts: dict[str, str]


class FailingTask(Words):
    task: str = Field(examples=["informer"])
    since: str
    error: str
    times: int


class Alive(Words):
    status: Literal["ok"]
    failing: list[FailingTask]
