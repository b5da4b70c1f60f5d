"""From machines to the contract's words. Plain dicts, since lists of a thousand are made of them.

Whatever shows the machine's resources or devices takes the effective machine, with what its plugin gives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.models.machine import MIB, MachineState, Resources, VirtualMachine
from homeostat.models.outside import redacted_all
from homeostat.models.quantity import parse_quantity
from homeostat.runtime.ports import Revision

from .power import status_word

# The contract's names of fields, by the spec's. Whatever stands below cloudInit follows its own.
_FIELDS = {
    "resources.vcpu": "resources.vcpu",
    "resources.memory": "resources.memory_mb",
    "cloudInit.userData": "cloud_init.user_data",
    "cloudInit.metaData": "cloud_init.meta_data",
    "cloudInit.networkConfig": "cloud_init.network_config",
    "cloudInit": "cloud_init",
}
# Starting and stopping are not configuration.
_POWER_FIELDS = frozenset({"runStrategy", "power", "restartedAt", "poweredOffAt"})


def plugin_of(machine: VirtualMachine) -> str | None:
    return machine.spec.plugin_ref.name if machine.spec.plugin_ref else None


def summary(machine: VirtualMachine) -> dict[str, Any]:
    status = machine.status
    return {
        "name": machine.metadata.name,
        "status": status_word(machine),
        "plugin": plugin_of(machine),
        "ip": status.addresses[0].ip if status and status.addresses else None,
        "pid": status.pid if status else None,
        "created_at": machine.metadata.creation_timestamp,
        "resources": resources(machine),
    }


def detail(machine: VirtualMachine) -> dict[str, Any]:
    return {**summary(machine), "health": health(machine)}


def brief(machine: VirtualMachine, status: str) -> dict[str, Any]:
    return {"name": machine.metadata.name, "status": status, "plugin": plugin_of(machine)}


def resource(machine: VirtualMachine) -> dict[str, Any]:
    """The whole resource as it stands in the store, with its status."""
    return machine.dump()


def resources(machine: VirtualMachine) -> dict[str, int]:
    wanted = machine.spec.resources
    return {"vcpu": wanted.vcpu, "memory_mb": wanted.memory // MIB}


def health(machine: VirtualMachine) -> dict[str, Any]:
    """What its probes say; unknown where it has none, does not run, or its host cannot be asked."""
    status = machine.status
    found = status.health if status else None
    if status is None or found is None or status.state is MachineState.UNKNOWN:
        return {"status": "unknown", "last_check": None}
    return {"status": found.status, "last_check": found.last_check}


def config(machine: VirtualMachine) -> dict[str, Any]:
    return {
        "resources": resources(machine),
        "network": network(machine),
        "cloud_init": {"enabled": machine.spec.seed is not None},
    }


def network(machine: VirtualMachine) -> dict[str, str | None]:
    nic = machine.spec.nics[0] if machine.spec.nics else None
    mode = "none"
    if nic is not None:
        mode = "bridge" if nic.bridge else "network" if nic.network else "user"
    return {
        "mode": mode,
        "bridge_name": nic.bridge if nic else None,
        "network_name": nic.network if nic else None,
    }


def history(revision: Revision, given: Resources) -> dict[str, Any] | None:
    """One entry of a machine's history; None where the revision changed nothing of its configuration. ``given`` is what
    holds where the spec is silent.
    """
    if revision.changes is None:
        changes: dict[str, Any] = {"created": True}
    else:
        changes = dict(
            _change(field, old, new, given)
            for whole, (was, now) in revision.changes.items()
            for field, old, new in _parts(whole.removeprefix("spec."), was, now)
            if field not in _POWER_FIELDS
        )
        if not changes:
            return None
    return {"timestamp": revision.time, "changes": redacted_all(changes), "author": revision.author}


def _parts(field: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Resources that a spec had not named at all come as one change."""
    if field != "resources":
        yield field, old, new
        return
    for part in {**(old or {}), **(new or {})}:
        yield f"{field}.{part}", (old or {}).get(part), (new or {}).get(part)


def _change(field: str, old: Any, new: Any, given: Resources) -> tuple[str, dict[str, Any]]:
    if field == "resources.memory":
        old, new = (given.memory // MIB if value is None else parse_quantity(value) // MIB for value in (old, new))
    elif field == "resources.vcpu":
        old, new = (given.vcpu if value is None else value for value in (old, new))
    return _FIELDS.get(field, field), {"old": old, "new": new}
