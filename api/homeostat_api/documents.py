"""From the contract's words to documents and merge patches (RFC 7396) of a VirtualMachine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.base import API_VERSION
from homeostat.models.machine import MIB, VirtualMachine
from homeostat.models.quantity import format_quantity

from .errors import invalid
from .words import ConfigPatch, MachineCreate, NetworkPatch

DEFAULT_BRIDGE_NIC = "net0"


def new_machine(request: MachineCreate) -> dict[str, Any]:
    """The document that a create asks for.

    Raises:
        Problem: 400, spec together with plugin or config.
    """
    if request.spec is not None and (request.plugin is not None or request.config is not None):
        raise invalid("spec: is given instead of plugin and config; send the one or the others")
    spec = request.spec
    if spec is None:
        spec = _without_nulls(config_patch(request.config or ConfigPatch(), None))
    metadata: dict[str, Any] = {"name": request.name}
    if request.labels:
        metadata["labels"] = dict(request.labels)
    return {"apiVersion": API_VERSION, "kind": VirtualMachine.KIND, "metadata": metadata, "spec": spec}


def config_patch(config: ConfigPatch, machine: VirtualMachine | None) -> dict[str, Any]:
    """The merge patch of a spec that a configuration amounts to; ``machine`` is what it will be applied to."""
    patch: dict[str, Any] = {}
    if config.resources is not None:
        wanted: dict[str, Any] = {}
        if config.resources.vcpu is not None:
            wanted["vcpu"] = config.resources.vcpu
        if config.resources.memory_mb is not None and not _same_memory(config.resources.memory_mb, machine):
            wanted["memory"] = format_quantity(config.resources.memory_mb * MIB)
        if wanted:
            patch["resources"] = wanted
    if config.cloud_init is not None:
        if config.cloud_init.user_data is not None:
            if config.cloud_init.enabled is False:
                raise invalid("cloud_init: user_data needs enabled to be true, or left out")
            patch["cloudInit"] = {"userData": config.cloud_init.user_data}
        elif config.cloud_init.enabled is False:
            patch["cloudInit"] = None
        elif config.cloud_init.enabled and (machine is None or machine.spec.cloud_init is None):
            patch["cloudInit"] = {}
    if config.network is not None:
        patch["nics"] = _nics(config.network, machine)
    return patch


def _same_memory(memory_mb: int, machine: VirtualMachine | None) -> bool:
    """1024Mi and 1Gi are one amount: what stands in the file is not rewritten for it."""
    return machine is not None and machine.spec.resources.memory == memory_mb * MIB


def _nics(network: NetworkPatch, machine: VirtualMachine | None) -> list[dict[str, Any]]:
    """All network cards (a merge patch replaces lists whole), the first one connected as asked."""
    if (network.mode == "bridge") != (network.bridge_name is not None):
        raise invalid("network: mode bridge needs bridge_name, and no other mode has one")
    if network.mode != "network" and network.network_name is not None:
        raise invalid("network: network_name needs mode network")
    nics = [nic.dump() for nic in machine.spec.nics] if machine else []
    first = nics[0] if nics else {"name": DEFAULT_BRIDGE_NIC}
    kept = {k: v for k, v in first.items() if k not in ("bridge", "network", "user")}
    match network.mode:
        case "bridge":
            kept["bridge"] = network.bridge_name
        case "network":
            kept["network"] = network.network_name or "default"
        case "user":
            kept["user"] = first.get("user") or {}
    return [kept, *nics[1:]]


def merge_difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that turns ``before`` into ``after``, so that a replacement touches only what differs."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif isinstance(value, Mapping) and isinstance(before[key], Mapping):
            if inner := merge_difference(before[key], value):
                patch[key] = inner
        elif before[key] != value:
            patch[key] = value
    return patch


def _without_nulls(patch: dict[str, Any]) -> dict[str, Any]:
    """A document of its own has nothing to remove."""
    return {k: _without_nulls(v) if isinstance(v, dict) else v for k, v in patch.items() if v is not None}
