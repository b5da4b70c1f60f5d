"""What a deployment's plan rests on: its machines, its revisions, and the clock."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec

from ..observed import KeptDisks
from ..plan import Stalled, Waiting


@dataclass(frozen=True, slots=True)
class Replica:
    """One machine of the deployment. Times are seconds since the epoch, like the timestamps in statuses."""

    name: str
    index: int  # from 1
    fingerprint: str  # of the template it was made from
    created: float
    ready_since: float | None  # None: it is not ready, or that is not known
    lost: bool = False  # it was ready in this run and is not any more, or it keeps ending
    failure: str = ""  # why it cannot become ready without help
    deleting: bool = False
    waits: str = ""  # what it waits for while it is not ready, such as a probe's last answer
    unknown: bool = False  # its status may be wrong: its host is away, its spec changed since, nobody looked yet
    serving_since: float | None = None  # its guest runs and passes its probes, even if not Ready (drifted); None: as ready_since
    lacks: frozenset[str] = frozenset()  # names of disks of its template that it never got

    def available(self, min_ready: float, now: float) -> bool:
        return self._for_certain(self.ready_since, min_ready, now)

    def serves(self, min_ready: float, now: float) -> bool:
        """Tells whether the machine serves for certain. Other machines may be taken away because this one serves."""
        return self._for_certain(self._serving_since, min_ready, now)

    @property
    def may_serve(self) -> bool:
        """Whether the machine may serve, as far as is known. Taking it away may cost availability."""
        return not self.deleting and (self.unknown or self._serving_since is not None)

    @property
    def _serving_since(self) -> float | None:
        return self.ready_since if self.serving_since is None else self.serving_since

    def _for_certain(self, since: float | None, min_ready: float, now: float) -> bool:
        return not self.deleting and not self.unknown and since is not None and now >= since + min_ready


@dataclass(frozen=True, slots=True)
class Revision:
    """A recorded template, and when it was recorded (seconds since the epoch)."""

    spec: MachineRevisionSpec
    created: float


@dataclass(frozen=True, slots=True)
class ObservedDeployment:
    replicas: tuple[Replica, ...]
    revisions: tuple[Revision, ...]
    plugin_fingerprint: str = ""  # of the plugin whose part the template holds; a new version asks for new machines
    refusal: Waiting | Stalled | None = None  # new machines cannot be made: why (such as an unknown or a disabled plugin)
    foreign: frozenset[int] = frozenset()  # indexes whose names other machines have
    foreign_revisions: frozenset[int] = (
        frozenset()
    )  # numbers whose names revisions of others have, such as of one that orphaned them
    leaving: frozenset[int] = frozenset()  # indexes whose names other machines still have, which are being deleted
    kept: tuple[KeptDisks, ...] = ()  # recorded as this deployment's, where no machine has the name; only read while it ends
    keepers: tuple[str, ...] = ()  # hosts that may keep more of them; each looks for them itself while the deployment ends
    known_since: float = 0.0  # since when all of this is known, after an operator's start or a host's absence (epoch seconds)
    first_look: bool = False  # some of it was seen before the host was lost, or by an earlier operator
