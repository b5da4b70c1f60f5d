"""Deployments: as they are asked for, and as they are shown."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from homeostat.models.base import NAME_MAX, Name
from homeostat.models.deployment import REPLICAS_MAX
from homeostat_api.http.words import Timestamp, Words

from .asked import Asked, PluginName, said_once
from .config import ConfigPatch, Settings, plugin_of

# Its machines are called NAME-1 to NAME-10000, and these are names too.
DEPLOYMENT_NAME_MAX = NAME_MAX - len(f"-{REPLICAS_MAX}")


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
        said_once("plugin", self.plugin, plugin_of(self.config))
        return self

    @property
    def made_from(self) -> str | None:
        """The plugin."""
        return said_once("plugin", self.plugin, plugin_of(self.config))


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


class DeploymentBrief(Words):
    name: str
    status: Literal["deleting"]
