"""VirtualMachineDeployment: a number of machines from one template, and how they are replaced. Terms and defaults are
Kubernetes'."""

from __future__ import annotations

import math
import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .base import API_GROUP, Annotations, Flag, Labels, Model, Name, Resource, Status
from .bounds import COUNT_MAX, XML_PATTERN, XML_SCHEMA
from .condition import Condition
from .machine import RunStrategy, VirtualMachineSpec

REPLICAS_MAX = 10_000
SHARE_PATTERN = "^(100|[0-9]{1,2})%$"
HELD = f"{API_GROUP}/held"
"""An annotation. While it is there the deployment, or the schedule, is left alone, because `homeostat migrate` moves what it
owns."""
# With any other strategy the spec lets a machine end, or be off: a deployment could not keep it available.
RUNNING_STRATEGIES = (RunStrategy.ALWAYS, RunStrategy.RERUN_ON_FAILURE)


def _check_share(value: object) -> object:
    """Checks a number of machines, or a percentage of the replicas."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number or a percentage, such as 1 or 25%")
    if isinstance(value, int):
        if not 0 <= value <= COUNT_MAX:
            raise ValueError("must not be negative" if value < 0 else f"must be at most {COUNT_MAX}")
        return value
    if not isinstance(value, str) or not re.fullmatch(SHARE_PATTERN, value):
        raise ValueError("must be a whole number or a percentage up to 100%, such as 1 or 25%")
    return value


Share = Annotated[
    int | str,
    BeforeValidator(_check_share),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": COUNT_MAX}, {"type": "string", "pattern": SHARE_PATTERN}]}
    ),
]


def share_of(share: int | str, replicas: int, *, up: bool) -> int:
    """Returns how many machines a share is. Kubernetes rounds maxSurge up and maxUnavailable down."""
    if isinstance(share, int):
        return share
    exact = replicas * int(share[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)


class RollingUpdate(Model):
    """How many machines a rollout may have too many, and too few."""

    max_surge: Share = Field(default="25%", description="Machines beyond replicas during a rollout, rounded up.")
    max_unavailable: Share = Field(default=0, description="Machines that may be missing during a rollout, rounded down.")

    @model_validator(mode="after")
    def _can_move(self) -> Self:
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            raise ValueError("maxSurge and maxUnavailable must not both be 0: nothing could ever be replaced")
        return self


class Strategy(Model):
    """How machines are replaced."""

    type: Literal["RollingUpdate", "Recreate"] = Field(
        default="RollingUpdate", description="Recreate stops all before it starts any."
    )
    rolling_update: RollingUpdate = Field(default_factory=RollingUpdate, description="With type RollingUpdate.")


class TemplateMeta(Model):
    """What each machine is labelled with."""

    labels: Labels = Field(default_factory=dict, description="Labels of each machine.")
    annotations: Annotations = Field(default_factory=dict, description="Annotations of each machine.")


class MachineTemplate(Model):
    """What each machine is like."""

    metadata: TemplateMeta = Field(default_factory=TemplateMeta, description="What each machine is labelled with.")
    spec: VirtualMachineSpec = Field(default_factory=VirtualMachineSpec, description="The spec of each machine.")


class VirtualMachineDeploymentSpec(Model):
    """How many machines of which template there should be, and how they are replaced."""

    replicas: int = Field(default=1, ge=0, le=REPLICAS_MAX, strict=True, description="How many machines there should be.")
    template: MachineTemplate = Field(description="What each machine is like. Its runStrategy must be Always or RerunOnFailure.")
    strategy: Strategy = Field(default_factory=Strategy, description="How machines are replaced.")
    min_ready_seconds: int = Field(
        default=0, ge=0, le=COUNT_MAX, strict=True, description="How long a machine must be ready to count as available."
    )
    progress_deadline_seconds: int = Field(
        default=600, ge=1, le=COUNT_MAX, strict=True, description="A rollout that makes no progress for so long has failed."
    )
    revision_history_limit: int = Field(
        default=10, ge=0, le=1000, strict=True, description="Old templates to keep for a rollback."
    )
    paused: Flag = Field(default=False, description="Changes of the template wait; scaling goes on.")
    rollback_to: int | None = Field(
        default=None,
        ge=1,
        le=COUNT_MAX,
        strict=True,
        description="Follow this revision, as it was, instead of the template; new templates, plugin versions and restarts wait.",
    )
    auto_rollback: Flag = Field(
        default=False,
        description="A rollout that misses its deadline, or drops below availability, returns to the last good revision.",
    )
    restarted_at: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        max_length=64,
        description="A token: a new value replaces every machine.",
    )
    stateful: Flag = Field(
        default=False,
        description="Disks without an image belong to the index: they outlive the machine that is replaced or scaled away.",
    )

    @model_validator(mode="after")
    def _keeps_running(self) -> Self:
        strategy = self.template.spec.run_strategy
        if strategy not in RUNNING_STRATEGIES:
            raise ValueError(
                f"template.spec.runStrategy must be {' or '.join(RUNNING_STRATEGIES)} (it is {strategy}): a deployment keeps its "
                "machines running; replicas: 0 takes them away, and one that runs once or is started by hand, is a VirtualMachine"
            )
        return self

    @model_validator(mode="after")
    def _stateful_can_move(self) -> Self:
        missing = self.strategy.rolling_update.max_unavailable
        if self.stateful and self.strategy.type == "RollingUpdate" and missing in (0, "0%"):
            raise ValueError(
                "stateful needs strategy.rollingUpdate.maxUnavailable: 1 or more (or strategy.type: Recreate): "
                "a machine must go before the next one of its index can come, so with 0 nothing could ever be replaced"
            )
        return self


class VirtualMachineDeploymentStatus(Status):
    """The deployment as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    replicas: int = Field(default=0, description="Machines that exist.")
    updated_replicas: int = Field(default=0, description="Of the current template.")
    ready_replicas: int = Field(default=0, description="Whose condition Ready is true, and which run.")
    available_replicas: int = Field(default=0, description="Ready for at least minReadySeconds.")
    revision: int | None = Field(default=None, description="The revision that is being kept or rolled out.")
    selector: str = Field(default="", description="Label selector of its machines, for the scale subresource.")
    machines: tuple[str, ...] = Field(default=(), description="Names of its machines, by index.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")


class VirtualMachineDeployment(Resource):
    """So many machines of one template, rolled out as Kubernetes rolls out pods."""

    KIND: ClassVar[str] = "VirtualMachineDeployment"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["VirtualMachineDeployment"] = "VirtualMachineDeployment"
    spec: VirtualMachineDeploymentSpec
    status: VirtualMachineDeploymentStatus | None = None


class MachineRevisionSpec(Model):
    """One template a deployment had. Written once; only what became of its rollout is added."""

    deployment: Name = Field(description="Whose template.")
    revision: int = Field(
        ge=1, strict=True, description="Counts up; reused content takes a new number, as kubectl's rollout undo does."
    )
    template: MachineTemplate = Field(description="The template as it was used, with its plugin's part.")
    fingerprint: str = Field(description="Of the template, its plugin and the restart token.")
    plugin_fingerprint: str = Field(default="", description="Of the plugin whose part the template holds.")
    restarted_at: str = Field(default="", description="The restart token of that time.")
    cause: str = Field(default="", description="Why it came about.")
    failed: str = Field(default="", description="Why its rollout was given up; empty while it was not.")
    completed: Flag = Field(default=False, description="Its machines were all available once.")
    succeeded: Flag = Field(default=False, description="And stayed so for long enough: a rollback may return to it.")


class MachineRevision(Resource):
    """A template that a deployment had. Kept by the operator, as Kubernetes keeps ControllerRevisions."""

    KIND: ClassVar[str] = "MachineRevision"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["MachineRevision"] = "MachineRevision"
    spec: MachineRevisionSpec

    @property
    def status(self) -> None:
        """None: what became of its rollout is in its spec."""
