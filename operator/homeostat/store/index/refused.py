"""What can be read of a resource that today's models refuse: an older schema, or one that cannot see enough, let it in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any

from pydantic import ValidationError

from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import Shutdown, VirtualMachine
from homeostat.models.machine_disks import ReclaimPolicy
from homeostat.models.network import Network, NetworkMode
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import MachineRef, Snapshot
from homeostat.planner.placement import host_of

from .row import Row

ROUNDS = 8
"""Times that what is refused is left out: without a field the models may see what is wrong with another one."""

FIELDS, SMALL = 100, 20_000
"""Fields of which each is left out alone, at most, and characters of a spec in which that is tried: each try reads all of it."""
LEAST: Mapping[str, dict[str, Any]] = {
    Image.KIND: {"source": {"path": "/nonexistent"}},
    Plugin.KIND: {"version": "0", "rootfs": {"path": "/nonexistent"}},
}
"""By kind, what today's schema takes for a spec where there is nothing to tear down."""


def stand_in(row: Row) -> Resource | None:
    """Returns the resource without the fields of its spec that the models refuse, or else with the least of a spec. It is there
    for readers that must not miss it: nobody writes it back. None: not even that can be read."""
    bare, spec = replace(row, status=None), json.loads(row.spec)
    for _ in range(ROUNDS):
        found = _with_spec(bare, spec)
        if isinstance(found, Resource):
            return found
        places = [problem["loc"][1:] for problem in found.errors() if problem["loc"][:1] == ("spec",)]
        if not any([_leave_out(spec, place) for place in reversed(places)]):  # so that the places of others in a list stay right
            break
    least = LEAST.get(row.kind, left_to_delete(row))
    tries = (_with_spec(bare, fewer) for fewer in chain(_without_one(spec) if len(row.spec) <= SMALL else (), [least]))
    return next((found for found in tries if isinstance(found, Resource)), None)


def _with_spec(row: Row, spec: Any) -> Resource | ValidationError:
    try:
        return replace(row, spec=json.dumps(spec)).resource()
    except ValidationError as error:
        return error


def _without_one(spec: Any) -> Iterator[Any]:
    """Yields the spec without one of its fields, the innermost first: what is wrong with all of it may be of one field."""
    for place in sorted(islice(_places(spec), FIELDS), key=len, reverse=True):
        _leave_out(fewer := deepcopy(spec), place)
        yield fewer


def _places(spec: Any) -> Iterator[tuple[str, ...]]:
    for name, value in spec.items() if isinstance(spec, dict) else ():
        yield (name,)
        yield from ((name, *inner) for inner in _places(value))


def _leave_out(spec: Any, place: tuple[int | str, ...]) -> bool:
    """Takes out the innermost value on the way to a place of which there is one. Returns whether there was any."""
    at, take = spec, None
    for step in place:
        parts: Any = dict(enumerate(at)) if isinstance(at, list) else at
        if not isinstance(parts, dict):
            break
        if step in parts:  # else it is the name of a variant, or a field that is missing
            take, at = partial(at.pop, step), at[step]
    if take is not None:
        take()
    return take is not None


def left_to_delete(row: Row) -> dict[str, Any] | None:
    """Returns what matters of a spec for a deletion. None: more would have to be known. Disks are kept, unless a machine, or the
    Disk, says Delete; and a guest is shut down as it says."""
    match row.kind:
        case VirtualMachine.KIND | Disk.KIND:
            said = row.said("reclaimPolicy")
            policy = (ReclaimPolicy.DELETE if said == ReclaimPolicy.DELETE.value else ReclaimPolicy.RETAIN).value
            return {"reclaimPolicy": policy, **({"size": "1Mi"} if row.kind == Disk.KIND else _shutdown_of(row))}
        case VirtualMachineDeployment.KIND:
            return {"replicas": 0, "template": {"spec": {"reclaimPolicy": ReclaimPolicy.RETAIN.value}}}
        case Network.KIND:  # one that was adopted is not ours to take down
            adopted = row.said("adopt")
            return {"adopt": adopted} if adopted else {"mode": NetworkMode.ISOLATED.value}
        case Snapshot.KIND:
            return _taken_of(row)
        case SnapshotSchedule.KIND:  # its snapshots go, of whichever machine
            return {"schedule": "@yearly", "template": {"spec": {"machineRef": {"name": "unknown"}}}}
        case Host.KIND:
            return {}
        case _:
            return None


def _shutdown_of(row: Row) -> dict[str, Any]:
    """Returns how a machine is shut down, if that is said as it should be: power is cut by its policy only."""
    try:
        said = Shutdown.model_validate(row.said("shutdown"))
    except ValidationError:
        return {}
    return {"shutdown": said.dump()}


def _taken_of(row: Row) -> dict[str, Any] | None:
    """Returns the machine that a snapshot is of: any, where no host took the snapshot up. None: it has to be known."""
    try:
        machine = MachineRef.model_validate(row.said("machineRef"))
    except ValidationError:
        return None if host_of(json.loads(row.finalizers)) else {"machineRef": {"name": "unknown"}}
    return {"machineRef": machine.dump()}
