"""What a deployment's plan rests on: its machines, its revisions, and the clock."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec

from ..observed import KeptDisks
from ..plan import Stalled, Waiting


@dataclass(frozen=True, slots=True)
class Replica:
    """One machine of the deployment. Times are seconds since the epoch, as its timestamps say."""

    name: str
    index: int  # from 1
    fingerprint: str  # of the template it was made from
    created: float
    ready_since: float | None  # None: it is not ready
    lost: bool = False  # it was ready in this run and is not any more, or it keeps ending
    failure: str = ""  # why it cannot become ready without help
    deleting: bool = False
    waits: str = ""  # what it waits for while it is not ready, such as a probe's last answer
    stale: bool = False  # what is said of its health dates from before its spec was last changed

    def available(self, min_ready: float, now: float) -> bool:
        return not self.stale and self.may_serve(min_ready, now)

    def may_serve(self, min_ready: float, now: float) -> bool:
        """Whether taking it away may cost availability: also where it is not sure to be available."""
        return not self.deleting and self.ready_since is not None and now >= self.ready_since + min_ready


@dataclass(frozen=True, slots=True)
class Revision:
    """A template on record, and when it was recorded (seconds since the epoch)."""

    spec: MachineRevisionSpec
    created: float


@dataclass(frozen=True, slots=True)
class ObservedDeployment:
    replicas: tuple[Replica, ...]
    revisions: tuple[Revision, ...]
    plugin_fingerprint: str = ""  # of the plugin whose part the template holds; a new version asks for new machines
    refusal: Waiting | Stalled | None = None  # new machines cannot be made: why (such as an unknown or a disabled plugin)
    foreign: frozenset[int] = frozenset()  # indexes whose names other machines have
    kept: tuple[KeptDisks, ...] = ()  # noted down as this deployment's, where no machine has the name; looked for at its end
    keepers: tuple[str, ...] = ()  # hosts that may keep more of them, and look for that themselves at its end
