"""What the operator can do for a deployment. Each action says why it is there."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate

from ..domain import MovedDisk


@dataclass(frozen=True, slots=True)
class CreateMachine:
    name: str
    fingerprint: str
    template: MachineTemplate
    reason: str


@dataclass(frozen=True, slots=True)
class UpdateMachine:
    """Gives the machine another template without replacing it: every difference is Live."""

    name: str
    fingerprint: str
    template: MachineTemplate
    reason: str


@dataclass(frozen=True, slots=True)
class DeleteMachine:
    """``keep_disks``: disks without an image stay for the next machine of this index."""

    name: str
    keep_disks: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RecordRevision:
    """Puts the template on record, or changes what is recorded of it."""

    revision: MachineRevisionSpec
    reason: str


@dataclass(frozen=True, slots=True)
class ForgetRevision:
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReclaimKept:
    """Of a stateful index that was scaled away: ``disks`` go, and what else was kept is the deployment's no more."""

    name: str  # of the machine that it had
    directory: str
    disks: tuple[tuple[str, str], ...]  # name, path; none: all of it is retained
    reason: str
    uid: str = ""  # the identity that the machine had
    moved: tuple[MovedDisk, ...] = ()  # those that others had put on other files


@dataclass(frozen=True, slots=True)
class ReleaseDeployment:
    """Every machine and revision of it has gone: the deployment may go."""

    reason: str


DeploymentAction = (
    CreateMachine | UpdateMachine | DeleteMachine | RecordRevision | ForgetRevision | ReclaimKept | ReleaseDeployment
)
