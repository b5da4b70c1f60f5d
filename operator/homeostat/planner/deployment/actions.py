"""What the operator can do for a deployment. Each action gives its reason."""

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
    """Deletes a machine. With ``keep_disks``, its disks without an image stay for the next machine of this index."""

    name: str
    keep_disks: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RecordRevision:
    """Records the template as a revision, or changes what is recorded of it."""

    revision: MachineRevisionSpec
    reason: str


@dataclass(frozen=True, slots=True)
class ForgetRevision:
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReclaimKept:
    """Ends the keeping of a scaled-away machine's disks: ``disks`` go, and the rest no longer belongs to the deployment."""

    name: str  # of the machine that it had
    directory: str
    disks: tuple[tuple[str, str], ...]  # name, path; none: all of it is retained
    reason: str
    uid: str = ""  # the identity that the machine had
    moved: tuple[MovedDisk, ...] = ()  # those that others had put on other files


@dataclass(frozen=True, slots=True)
class ReleaseDeployment:
    """Ends the teardown: every machine and revision has gone, so the deployment may go."""

    reason: str


DeploymentAction = (
    CreateMachine | UpdateMachine | DeleteMachine | RecordRevision | ForgetRevision | ReclaimKept | ReleaseDeployment
)
