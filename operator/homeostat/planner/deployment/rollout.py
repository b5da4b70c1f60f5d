"""Moving a deployment's machines to its target, a few at a time, by the rules of Kubernetes' Deployments but with fixed names.

Machines 1 to replicas are the base. Machines beyond them are spare: they stand in while the base is replaced, and go at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, islice

from homeostat.models.deployment import MachineRevisionSpec, VirtualMachineDeployment

from .actions import CreateMachine, DeleteMachine, DeploymentAction, UpdateMachine
from .inplace import Way, way_between
from .observed import ObservedDeployment, Replica
from .revision import Target, last_good
from .tally import Tally, at_a_time

OUTDATED = "it follows an older template"


def roll(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally
) -> list[DeploymentAction]:
    """Returns the next steps. None of them takes available below the floor, or machines above the ceiling."""
    if deployment.spec.paused or observed.refusal:
        fill = [] if observed.refusal else _fill(deployment, tally, _steady(observed, target, tally))
        return [*fill, *_thin(deployment, tally)[0]]
    known = {r.spec.fingerprint: r.spec for r in observed.revisions}
    stands = {(r.fingerprint, r.lacks) for r in tally.old}
    way = {(content, lacks): way_between(known.get(content), target.revision, lacks) for content, lacks in stands}
    ways = {r.name: way[r.fingerprint, r.lacks] for r in tally.old}
    if at_once := [r for r in tally.old if ways[r.name] is Way.AT_ONCE]:
        return [_update(r, target.revision) for r in at_once]
    if deployment.spec.strategy.type == "Recreate":
        return _recreate(deployment, observed, target, tally, ways)
    fill = _fill(deployment, tally, target.revision)
    thin, spare = _thin(deployment, tally)
    return [
        *fill,
        *_stand_ins(deployment, target, tally, ways, len(fill)),
        *thin,
        *_replace(deployment, target, tally, ways, len(thin), spare),
    ]


def _steady(observed: ObservedDeployment, target: Target, tally: Tally) -> MachineRevisionSpec:
    """Returns what new machines follow while a rollout rests: never an unproven revision."""
    good = last_good(observed, target.revision) if tally.old and not target.revision.succeeded else None
    return good.spec if good else target.revision


def _fill(deployment: VirtualMachineDeployment, tally: Tally, revision: MachineRevisionSpec) -> list[DeploymentAction]:
    """Creates the missing machines of the base, lowest index first. Waits for a name that is still in use."""
    holes = (index for index in range(1, tally.wanted + 1) if index not in tally.taken)
    why = f"{len(tally.live)} of {tally.wanted} exist"
    return _create(deployment, revision, islice(holes, max(0, tally.ceiling - len(tally.live))), why)


def _stand_ins(
    deployment: VirtualMachineDeployment, target: Target, tally: Tally, ways: dict[str, Way], filled: int
) -> list[DeploymentAction]:
    """Creates as many spare machines as are to be replaced. One is enough for new probes, where no machine may be missing. Other
    changes in place need none: the guests serve on."""
    replaced = sum(ways[r.name] is Way.REPLACE for r in tally.behind)
    probed = any(ways[r.name] is Way.CAREFULLY for r in tally.behind)
    needed = replaced or (1 if probed and tally.floor == tally.wanted else 0)
    there = sum(not tally.in_base(r) for r in tally.updated)
    needed = min(needed, tally.ceiling - tally.wanted)
    room = tally.ceiling - len(tally.live) - filled
    free = (index for index in count(tally.wanted + 1) if index not in tally.taken)
    why = "it stands in while others are replaced"
    return _create(deployment, target.revision, islice(free, max(0, min(room, needed - there))), why)


def _thin(deployment: VirtualMachineDeployment, tally: Tally) -> tuple[list[DeploymentAction], int]:
    """Removes machines beyond the base that are not needed, highest index first. Returns how many serving machines could still
    go.

    While machines of the base are unhealthy, others stand in for them. The unhealthy ones then make room. A machine that may
    serve, as far as is known, goes only where enough others serve for certain.
    """
    spare, removed = tally.spare, list[DeploymentAction]()
    beyond = [r for r in reversed(tally.live) if not tally.in_base(r)]
    allowed = tally.ceiling - tally.wanted if tally.behind else 0
    standing_in = {r.name for r in islice((r for r in tally.updated if not tally.in_base(r)), allowed)}
    unneeded = [r for r in beyond if r.name not in standing_in]
    for replica in sorted(unneeded, key=tally.cheapest_first):
        if not _may_go(replica, tally, spare):
            continue
        spare -= replica.name in tally.serving
        removed.append(_delete(deployment, replica, f"replicas: {tally.wanted}"))
    if removed or not any(r.name in tally.serving for r in unneeded):
        return removed, spare
    excess = max(0, len(tally.live) - tally.ceiling)
    unhealthy = [r for r in reversed(tally.live) if tally.is_off(r) and tally.in_base(r)]
    why = "others, which are available, stand in for it"
    return [_delete(deployment, r, why) for r in unhealthy[:excess]], spare


def _may_go(replica: Replica, tally: Tally, spare: int) -> bool:
    """Tells whether the machine may go. ``spare``: how many machines serve for certain beyond the floor."""
    return tally.is_off(replica) or spare > 0 or (spare == 0 and replica.name in tally.doubtful)


def _replace(
    deployment: VirtualMachineDeployment, target: Target, tally: Tally, ways: dict[str, Way], gone: int, spare: int
) -> list[DeploymentAction]:
    """Replaces unhealthy machines first, then the highest index. As in Kubernetes, new machines that are not available yet hold
    the next back, even where the old ones are unhealthy. Otherwise an outage of the network would replace all of them at once."""
    unproven = sum(r.name in tally.idle for r in tally.updated)
    steps = _in_turn(target, tally, ways, at_a_time(deployment) - unproven)
    budget = len(tally.live) - gone - tally.floor - unproven
    others = [r for r in tally.behind if ways[r.name] is not Way.IN_TURN]
    for replica in sorted(reversed(others), key=tally.cheapest_first):
        if len(steps) >= budget:
            break
        if not _may_go(replica, tally, spare):
            continue
        spare -= replica.name in tally.serving
        in_place = ways[replica.name] is Way.CAREFULLY
        steps.append(_update(replica, target.revision) if in_place else _delete(deployment, replica, OUTDATED))
    return steps


def _in_turn(target: Target, tally: Tally, ways: dict[str, Way], most: int) -> list[DeploymentAction]:
    """Changes machines in place. Those that are available come first: one that was unhealthy before says nothing about the
    change."""
    waiting = [r for r in reversed(tally.behind) if ways[r.name] is Way.IN_TURN]
    waiting.sort(key=lambda r: (r.name in tally.doubtful, r.name in tally.idle))
    return [_update(r, target.revision) for r in islice(waiting, max(0, most))]


def _recreate(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, ways: dict[str, Way]
) -> list[DeploymentAction]:
    """Removes all old machines before it creates a new one."""
    thin = [] if tally.old else _thin(deployment, tally)[0]
    steps: list[DeploymentAction] = [
        _update(r, target.revision) if ways[r.name] is not Way.REPLACE and tally.in_base(r) else _delete(deployment, r, OUTDATED)
        for r in tally.old
    ]
    going = any(r.deleting and r.fingerprint != target.revision.fingerprint for r in observed.replicas)
    return steps or [*(() if going else _fill(deployment, tally, target.revision)), *thin]


def _create(
    deployment: VirtualMachineDeployment, revision: MachineRevisionSpec, indexes: Iterable[int], why: str
) -> list[DeploymentAction]:
    name = deployment.metadata.name
    return [CreateMachine(f"{name}-{index}", revision.fingerprint, revision.template, why) for index in indexes]


def _update(replica: Replica, revision: MachineRevisionSpec) -> UpdateMachine:
    return UpdateMachine(replica.name, revision.fingerprint, revision.template, "its template changed, and the change is Live")


def _delete(deployment: VirtualMachineDeployment, replica: Replica, why: str) -> DeleteMachine:
    return DeleteMachine(replica.name, deployment.spec.stateful, why)
