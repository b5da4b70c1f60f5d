"""How tries become health: thresholds, and the startup probe, which holds the others back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from homeostat.models.probe import Probe, Probes
from homeostat.planner.observed import ProbedHealth

from .attempt import Result

NAMES = ("startup", "liveness", "readiness")


@dataclass(frozen=True, slots=True)
class Count:
    """The count of one probe: what it says now, and the tries in a row that speak for changing that."""

    healthy: bool
    successes: int = 0
    failures: int = 0
    message: str = ""

    def after(self, probe: Probe, result: Result) -> Count:
        successes = self.successes + 1 if result.ok else 0
        failures = 0 if result.ok else self.failures + 1
        healthy = self.healthy
        if successes >= probe.success_threshold:  # a threshold is 1 or more
            healthy = True
        elif failures >= probe.failure_threshold:
            healthy = False
        return Count(healthy, successes, failures, result.message)


@dataclass(frozen=True, slots=True)
class ProbeCounts:
    """The counts of one run of one machine. As in the kubelet, liveness begins as good, and startup and readiness begin as not
    good yet."""

    startup: Count | None
    liveness: Count | None
    readiness: Count | None
    was_ready: bool = False
    last_check: str | None = None  # RFC 3339

    @classmethod
    def begin(cls, probes: Probes, healthy: bool = False) -> ProbeCounts:
        """Returns the counts at the beginning. ``healthy``: this very run was found healthy before the operator restarted. Then
        it takes failures to change that."""
        return cls(
            Count(healthy) if probes.startup else None,
            Count(True) if probes.liveness else None,
            Count(healthy) if probes.readiness else None,
            was_ready=healthy,
        )

    def due(self, name: str) -> bool:
        """Tells whether this probe must be tried now: startup until it has succeeded, and the others from then on."""
        started = self.startup is None or self.startup.healthy
        return not started if name == "startup" else started

    def after(self, name: str, probe: Probe, result: Result, now: str) -> ProbeCounts:
        count: Count = getattr(self, name).after(probe, result)
        tally = replace(self, **{name: count}, last_check=now)  # type: ignore[arg-type]
        return replace(tally, was_ready=tally.was_ready or tally.health(None).ready)

    def health(self, probes: Probes | None) -> ProbedHealth:
        """Returns the health for the planner. A startup probe without tries left counts as a failed liveness probe, as in the
        kubelet."""
        started = self.startup is None or self.startup.healthy
        ready = started and (self.readiness is None or self.readiness.healthy)
        hopeless = False
        if probes is not None and probes.startup is not None and self.startup is not None:
            hopeless = not started and self.startup.failures >= probes.startup.failure_threshold
        dead = self.liveness is not None and not self.liveness.healthy
        telling = self.startup if not started else self.liveness if dead else self.readiness or self.liveness or self.startup
        return ProbedHealth(
            started=started,
            ready=ready and not dead,
            alive=not (dead or hopeless),
            was_ready=self.was_ready,
            message=telling.message if telling else "",
            last_check=self.last_check,
        )
