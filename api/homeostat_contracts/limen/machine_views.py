"""Machines as LIMEN shows them."""

from __future__ import annotations

from typing import Any

from homeostat.models.base import API_GROUP
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.service.kinds.power import state_of, wants_running
from homeostat.service.naming.marks import given_name, id_of

from .words import MIB

OS_TYPE = f"limen.{API_GROUP}/os-type"
"""An annotation of a machine: the os_type that was asked for."""
OTHER = "other"
"""The os_type of a machine that was made elsewhere."""
_UP = frozenset({MachineState.PENDING, MachineState.STARTING, MachineState.RUNNING, MachineState.PAUSED, MachineState.UNKNOWN})


def shown(machine: VirtualMachine, number: int, owner: int, changed: str | None) -> dict[str, Any]:
    """Returns a machine, with what its plugin gives it. ``number`` and ``owner``: its own, and its owner's. ``changed``: when its
    spec was last."""
    meta, wanted = machine.metadata, machine.spec.resources
    started = machine.status.started_at if machine.status is not None else None
    return {
        "id": number,
        "uuid": id_of(machine),
        "name": given_name(machine),
        "cpu": wanted.vcpu,
        "memory": wanted.memory // MIB,
        "status": word(machine),
        "os_type": meta.annotations.get(OS_TYPE, OTHER),
        "owner_id": owner,
        "created_at": meta.creation_timestamp,
        "updated_at": max((time for time in (meta.creation_timestamp, changed, started) if time), default=None),
    }


def word(machine: VirtualMachine) -> str:
    """Returns the contract's word for what a machine does. What starts runs already, and what shuts down is off."""
    up = state_of(machine) in _UP and wants_running(machine.spec)
    return "Running" if up else "Stopped"
