"""From the contract's words to documents and merge patches (RFC 7396) of resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from homeostat.models.base import API_VERSION
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_hardware import MIB
from homeostat.models.plugin import Plugin
from homeostat.models.plugin_manifest import PluginManifest, plugin_document
from homeostat.models.quantity import format_quantity
from homeostat_api.http.errors import invalid, invalid_model

from .machine_views import plugin_of
from .words.config import ConfigPatch, NetworkPatch
from .words.deployments import DeploymentCreate
from .words.machines import MachineCreate
from .words.plugins import PluginCreate

DEFAULT_BRIDGE_NIC = "net0"


def new_machine(request: MachineCreate) -> dict[str, Any]:
    """Returns the document that a create asks for.

    Raises:
        Problem: 400, spec together with plugin or config.
    """
    asked = (request.plugin, request.config, request.cpu_cores, request.memory_mb)
    if request.spec is not None and any(part is not None for part in asked):
        raise invalid("spec: is given instead of plugin and config; send the one or the others")
    spec = _machine_spec(request.made_from, request.configured) if request.spec is None else request.spec
    return _document(VirtualMachine.KIND, request.name, request.labels, spec)


def new_deployment(request: DeploymentCreate) -> dict[str, Any]:
    """Returns the document that a create asks for.

    Raises:
        Problem: 400, spec together with plugin, replicas or config; neither spec nor plugin.
    """
    asked = (request.plugin, request.replicas, request.config)
    if request.spec is not None and any(part is not None for part in asked):
        raise invalid("spec: is given instead of plugin, replicas and config; send the one or the others")
    if request.spec is None and request.made_from is None:
        raise invalid("plugin: is missing; it says what the machines run")
    spec = request.spec
    if spec is None:
        replicas = 1 if request.replicas is None else request.replicas
        spec = {"replicas": replicas, "template": {"spec": _machine_spec(request.made_from, request.config)}}
    return _document(VirtualMachineDeployment.KIND, request.name, request.labels, spec)


def new_plugin(manifest: Mapping[str, Any], kernel: str | None) -> dict[str, Any]:
    """Returns the document that a manifest describes; ``kernel`` boots an initramfs that comes without a kernel.

    Raises:
        Problem: 400, it is no manifest.
    """
    if "spec" in manifest:
        if strange := set(manifest) - {"name", "spec", "labels"}:
            raise invalid(f"spec: is given instead of a manifest; remove {', '.join(sorted(strange))}")
        request = _read_plugin(manifest)
        return _document(Plugin.KIND, request.name, request.labels, request.spec)
    try:
        return plugin_document(dict(manifest), kernel)
    except ValidationError as error:
        raise invalid_model(error, PluginManifest) from error
    except ValueError as error:
        raise invalid(str(error)) from error


def _read_plugin(body: Mapping[str, Any]) -> PluginCreate:
    try:
        return PluginCreate.model_validate(body)
    except ValidationError as error:
        raise invalid_model(error, PluginCreate) from error


def _machine_spec(plugin: str | None, config: ConfigPatch | None) -> dict[str, Any]:
    made_from = {} if plugin is None else {"pluginRef": {"name": plugin}}
    return {**made_from, **_without_nulls(config_patch(config or ConfigPatch(), None))}


def _document(kind: str, name: str, labels: Mapping[str, str], spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def config_patch(config: ConfigPatch, machine: VirtualMachine | None) -> dict[str, Any]:
    """Returns the merge patch of a spec for a configuration. ``machine`` is what it will be applied to, with what its plugin
    gives it. What it has from there already is not written again.

    Raises:
        Problem: 400, it contradicts itself, or names another plugin than the machine's.
    """
    patch: dict[str, Any] = {}
    if machine is not None and config.plugin not in (None, plugin_of(machine)):
        raise invalid(f"plugin: the machine is made from {plugin_of(machine)}; PATCH its spec to change that")
    if config.resources is not None:
        wanted: dict[str, Any] = {}
        cores = config.resources.cores
        if cores is not None and (machine is None or cores != machine.spec.resources.vcpu):
            wanted["vcpu"] = cores
        if config.resources.memory_mb is not None and not _same_memory(config.resources.memory_mb, machine):
            wanted["memory"] = format_quantity(config.resources.memory_mb * MIB)
        if wanted:
            patch["resources"] = wanted
    if config.cloud_init is not None:
        if config.cloud_init.user_data is not None:
            if config.cloud_init.enabled is False:
                raise invalid("cloud_init: user_data needs enabled to be true, or left out")
            patch["cloudInit"] = {"userData": config.cloud_init.user_data, **_enabled_again(machine)}
        elif config.cloud_init.enabled is False and (machine is None or machine.spec.seed is not None):
            patch["cloudInit"] = {"enabled": False}
        elif config.cloud_init.enabled and (machine is None or machine.spec.seed is None):
            patch["cloudInit"] = _enabled_again(machine)
    if config.network is not None:
        patch["nics"] = _nics(config.network, machine)
    return patch


def _enabled_again(machine: VirtualMachine | None) -> dict[str, Any]:
    off = machine is not None and machine.spec.cloud_init is not None and not machine.spec.cloud_init.enabled
    return {"enabled": None} if off else {}


def _same_memory(memory_mb: int, machine: VirtualMachine | None) -> bool:
    """Tells whether it is the same amount: 1024Mi and 1Gi are, and the file is not rewritten for that."""
    return machine is not None and machine.spec.resources.memory == memory_mb * MIB


def _nics(network: NetworkPatch, machine: VirtualMachine | None) -> list[dict[str, Any]]:
    """Returns all network cards (a merge patch replaces lists whole), the first one connected as requested."""
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


def _without_nulls(patch: dict[str, Any]) -> dict[str, Any]:
    """Removes nulls: a document of its own has nothing to remove."""
    return {k: _without_nulls(v) if isinstance(v, dict) else v for k, v in patch.items() if v is not None}
