"""From resources to the contract's words. Plain dicts, since lists of a thousand are made of them."""

from __future__ import annotations

from typing import Any

from homeostat.models.condition import find_condition
from homeostat.models.machine import MIB, VirtualMachine
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
    """The plugin's name, for kinds of machines that carry a pluginRef."""
    reference = getattr(machine.spec, "plugin_ref", None)
    return getattr(reference, "name", None)


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
    found = find_condition(machine.status.conditions, "Healthy") if machine.status else None
    if found is None:
        return {"status": "unknown", "last_check": None}
    word = {"True": "healthy", "False": "unhealthy"}.get(found.status, "unknown")
    return {"status": word, "last_check": found.last_transition_time or None}


def config(machine: VirtualMachine) -> dict[str, Any]:
    return {
        "resources": resources(machine),
        "network": network(machine),
        "cloud_init": {"enabled": machine.spec.cloud_init is not None},
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


def history(revision: Revision) -> dict[str, Any] | None:
    """One entry of a machine's history; None where the revision changed nothing of its configuration."""
    if revision.changes is None:
        changes: dict[str, Any] = {"created": True}
    else:
        changes = dict(
            _change(field.removeprefix("spec."), old, new)
            for field, (old, new) in revision.changes.items()
            if field.removeprefix("spec.") not in _POWER_FIELDS
        )
        if not changes:
            return None
    return {"timestamp": revision.time, "changes": changes, "author": revision.author}


def _change(field: str, old: Any, new: Any) -> tuple[str, dict[str, Any]]:
    if field == "resources.memory":
        old, new = _memory_mb(old), _memory_mb(new)
    return _FIELDS.get(field, field), {"old": old, "new": new}


def _memory_mb(value: Any) -> int | None:
    return None if value is None else parse_quantity(value) // MIB
