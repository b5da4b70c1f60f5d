"""The machines of a deployment, counted and sorted for its plan."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec, VirtualMachineDeployment, share_of

from .observed import ObservedDeployment, Replica


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts. Only ``taken`` and ``going`` include machines that are being deleted."""

    wanted: int
    floor: int  # never fewer available than this
    ceiling: int  # never more machines than this
    live: tuple[Replica, ...]  # by index
    updated: tuple[Replica, ...]  # those that follow the target
    old: tuple[Replica, ...]  # those that do not
    available: int
    serving: frozenset[str]  # names of those that serve for certain, ready or not
    doubtful: frozenset[str]  # names of those that may serve as well, as far as is known
    idle: frozenset[str]  # names of those that are not available for certain
    taken: frozenset[int]  # indexes whose names are in use, also by machines that are still going
    going: int
    unknown: int  # how many of these, and of those that are going, nothing is known of now
    known_since: float

    @property
    def complete(self) -> bool:
        exact = len(self.live) == self.wanted and all(self.in_base(r) for r in self.live)
        return exact and not self.old and self.available >= self.wanted

    @property
    def behind(self) -> tuple[Replica, ...]:
        """Machines that are to be brought to the target. The other old ones only go."""
        return tuple(r for r in self.old if self.in_base(r))

    @property
    def spare(self) -> int:
        """How many serving machines may go. Where it is negative, no machine may go that might serve."""
        return len(self.serving) - self.floor

    def is_off(self, replica: Replica) -> bool:
        """Tells whether it is known not to serve: taking it away costs nothing."""
        return replica.name not in self.serving and replica.name not in self.doubtful

    def cheapest_first(self, replica: Replica) -> tuple[bool, bool, bool]:
        """Returns the sort key in which machines are taken: first those that do not serve, then those that serve without being
        ready. Those of which nobody knows whether they serve come last."""
        return replica.name in self.doubtful, replica.name in self.serving, replica.name not in self.idle

    def in_base(self, replica: Replica) -> bool:
        return 1 <= replica.index <= self.wanted


def take_tally(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: MachineRevisionSpec, now: float
) -> Tally:
    spec = deployment.spec
    surge, missing = allowance(deployment)
    live = tuple(sorted((r for r in observed.replicas if not r.deleting), key=lambda r: r.index))
    available = {r.name for r in live if r.available(spec.min_ready_seconds, now)}
    serving = frozenset(r.name for r in live if r.serves(spec.min_ready_seconds, now))
    return Tally(
        wanted=spec.replicas,
        floor=max(0, spec.replicas - missing),
        ceiling=spec.replicas + surge,
        live=live,
        updated=tuple(r for r in live if r.fingerprint == target.fingerprint),
        old=tuple(r for r in live if r.fingerprint != target.fingerprint),
        available=len(available),
        serving=serving,
        doubtful=frozenset(r.name for r in live if r.may_serve) - serving,
        idle=frozenset(r.name for r in live) - available,
        taken=frozenset(r.index for r in observed.replicas) | observed.foreign | observed.leaving,
        going=len(observed.replicas) - len(live),
        unknown=sum(r.unknown for r in observed.replicas),
        known_since=observed.known_since,
    )


def allowance(deployment: VirtualMachineDeployment) -> tuple[int, int]:
    """Returns how many machines there may be beyond replicas, and how many may be missing."""
    spec = deployment.spec
    if spec.strategy.type == "Recreate":
        return 0, spec.replicas
    rolling = spec.strategy.rolling_update
    surge = 0 if spec.stateful else share_of(rolling.max_surge, spec.replicas, up=True)
    missing = share_of(rolling.max_unavailable, spec.replicas, up=False)
    # Where both round to zero, Kubernetes lets one be missing: otherwise nothing could move.
    return surge, missing if surge or missing else 1


def at_a_time(deployment: VirtualMachineDeployment) -> int:
    """Returns how many machines a rollout changes in place before the first of them has to be available again."""
    return max(1, sum(allowance(deployment)))
