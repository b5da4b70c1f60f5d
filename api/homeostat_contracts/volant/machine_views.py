"""From machines to the contract's words. Plain dicts, because lists of a thousand are made of them.

What shows the machine's resources or devices takes the effective machine, with what its plugin gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.models.machine_hardware import MIB, Resources
from homeostat.models.machine_nics import Nic
from homeostat.models.outside import redacted_all
from homeostat.models.quantity import parse_quantity
from homeostat.planner.machine.identity import mac_address
from homeostat.runtime.engine.ports import SpecRevision

from .status_words import status_word

RUNTIME = "volant.runtime"  # label that Volant's command line adds to the manifests that it installs
# The contract's names of fields, by the spec's. Names below cloudInit are derived from its own.
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


def runtime(plugin: str | None, labels: Mapping[str, str]) -> str | None:
    """Returns what Volant calls the runtime of a plugin, or of what is made from it and has its labels."""
    return labels.get(RUNTIME, plugin) if plugin is not None else None


def summary(machine: VirtualMachine) -> dict[str, Any]:
    status = machine.status
    address = status.addresses[0].ip if status and status.addresses else None
    nic = machine.spec.nics[0] if machine.spec.nics else None
    return {
        "name": machine.metadata.name,
        "status": status_word(machine),
        "plugin": plugin_of(machine),
        "ip": address,
        "pid": status.pid if status else None,
        "created_at": machine.metadata.creation_timestamp,
        "resources": resources(machine),
        "runtime": runtime(plugin_of(machine), machine.metadata.labels),
        "ip_address": address,
        "mac_address": (nic.mac or mac_address(machine.identity, nic.name)) if nic else None,
        **sizes(machine.spec.resources),
    }


def detail(machine: VirtualMachine) -> dict[str, Any]:
    return {**summary(machine), "health": health(machine)}


def brief(machine: VirtualMachine, status: str) -> dict[str, Any]:
    return {"name": machine.metadata.name, "status": status, "plugin": plugin_of(machine)}


def resource(machine: VirtualMachine) -> dict[str, Any]:
    """Returns the whole resource as the store has it, with its status."""
    return machine.dump()


def resources(machine: VirtualMachine) -> dict[str, int]:
    wanted = machine.spec.resources
    return {"vcpu": wanted.vcpu, "memory_mb": wanted.memory // MIB}


def sizes(wanted: Resources) -> dict[str, int]:
    """Returns resources as Volant's command line calls them."""
    return {"cpu_cores": wanted.vcpu, "memory_mb": wanted.memory // MIB}


def settings(plugin: str | None, labels: Mapping[str, str], wanted: Resources) -> dict[str, Any]:
    """Returns a configuration as Volant's command line reads it and sends it back."""
    return {"plugin": plugin, "runtime": runtime(plugin, labels), "resources": sizes(wanted), "api": {}}


def health(machine: VirtualMachine) -> dict[str, Any]:
    """Returns what its probes say; unknown where it has none, does not run, or its host cannot be asked."""
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
        mode = "bridge" if nic.bridge else "network" if nic.network or nic.network_ref else "user"
    return {
        "mode": mode,
        "bridge_name": nic.bridge if nic else None,
        "network_name": _network_name(nic) if nic else None,
    }


def _network_name(nic: Nic) -> str | None:
    """Returns the libvirt network, or the Network, that a nic is on."""
    return nic.network_ref.name if nic.network_ref else nic.network


def histories(machine: VirtualMachine, revisions: Sequence[SpecRevision], given: Resources) -> list[dict[str, Any]]:
    """Returns a machine's history. ``revisions`` are newest first; each that changed the configuration comes with the
    configuration from then on."""
    entries: list[dict[str, Any]] = []
    then = settings(plugin_of(machine), machine.metadata.labels, machine.spec.resources)
    for revision in revisions:
        if (entry := history(revision, given)) is not None:
            entries.append({**entry, "version": revision.generation, "updated_at": revision.time, "config": then})
            then = _before(then, entry["changes"])
    return entries


def version(machine: VirtualMachine, revisions: Sequence[SpecRevision], given: Resources) -> dict[str, Any]:
    """Returns which version the configuration has, and what it is. Without a history it is the machine's own."""
    newest = next(iter(histories(machine, revisions, given)), None)
    meta = machine.metadata
    return {
        "version": newest["version"] if newest else meta.generation,
        "updated_at": newest["updated_at"] if newest else meta.creation_timestamp,
        "config": settings(plugin_of(machine), meta.labels, machine.spec.resources),
    }


def _before(then: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a configuration was before those changes."""
    was = dict(then["resources"])
    for field, name in (("resources.vcpu", "cpu_cores"), ("resources.memory_mb", "memory_mb")):
        if field in changes:
            was[name] = changes[field]["old"]
    known = {**then, "resources": was}
    if "pluginRef.name" in changes:
        known["plugin"] = known["runtime"] = changes["pluginRef.name"]["old"]
    elif "pluginRef" in changes:
        known["plugin"] = known["runtime"] = (changes["pluginRef"]["old"] or {}).get("name")
    return known


def history(revision: SpecRevision, given: Resources) -> dict[str, Any] | None:
    """Returns one entry of a machine's history; None where the revision changed nothing of its configuration. ``given`` is what
    holds where the spec says nothing."""
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
    """Yields the parts of a change. Resources that a spec had not named at all come as one change."""
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
