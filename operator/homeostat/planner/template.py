"""The effective machine: what its spec sets, and for the rest what its plugin gives. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from homeostat.models.base import API_GROUP, ObjectMeta
from homeostat.models.deployment import MachineTemplate
from homeostat.models.machine import Boot, Resources, RunStrategy, VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_devices import Disk, Nic
from homeostat.models.plugin import Plugin, PluginSpec, Workload, WorkloadType
from homeostat.models.probe import HttpGet, Probe, Probes, TcpSocket

FOLLOWS = f"{API_GROUP}/template"
"""Annotation of a replica: fingerprint of the template it follows. Its spec is complete: the plugin's part of it was copied when
the template was recorded, so that a newer plugin reaches it by a rollout only."""
ROOT = "root"  # name of the disk that a plugin's rootfs becomes
# What describes a plugin, or says who may use it, and makes no machine different.
_DESCRIPTIVE = frozenset({"enabled", "description", "openapi", "labels"})


def plugin_fingerprint(plugin: Plugin) -> str:
    """Names what machines are made of by this plugin: another one is another template."""
    made_of = {name: value for name, value in plugin.spec.dump().items() if name not in _DESCRIPTIVE}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


def with_plugin(machine: VirtualMachine, plugin: Plugin) -> VirtualMachine:
    """A field that the machine's spec sets stands; disks and nics are joined by name."""
    spec, given = machine.spec, plugin.spec
    update: dict[str, Any] = {
        "resources": _resources(spec, given),
        "disks": _disks(spec, given),
        "nics": spec.nics or given.nics or (Nic(name="lan", network="default"),),
        "boot": spec.boot if spec.boot.kernel else _boot(spec, given),
        "cloud_init": spec.cloud_init or given.cloud_init,
        "probes": spec.probes or given.probes or _own_probe(given.workload),
    }
    if given.workload.type is WorkloadType.BATCH and "run_strategy" not in spec.model_fields_set:
        update["run_strategy"] = RunStrategy.ONCE
    labels = {**given.labels, **machine.metadata.labels}
    return machine.model_copy(
        update={"spec": spec.model_copy(update=update), "metadata": machine.metadata.model_copy(update={"labels": labels})}
    )


def template_with_plugin(template: MachineTemplate, plugin: Plugin) -> MachineTemplate:
    """As ``with_plugin``, for the machines of a deployment."""
    metadata = ObjectMeta(name="template", labels=template.metadata.labels)
    whole = with_plugin(VirtualMachine(metadata=metadata, spec=template.spec), plugin)
    labelled = template.metadata.model_copy(update={"labels": whole.metadata.labels})
    return template.model_copy(update={"metadata": labelled, "spec": whole.spec})


def _resources(spec: VirtualMachineSpec, given: PluginSpec) -> Resources:
    own = {name: getattr(spec.resources, name) for name in spec.resources.model_fields_set}
    return given.resources.model_copy(update=own)


def _disks(spec: VirtualMachineSpec, given: PluginSpec) -> tuple[Disk, ...]:
    own = {disk.name for disk in spec.disks}
    root = (Disk(name=ROOT, image=given.rootfs, size=given.rootfs_size),) if given.rootfs else ()
    return (*(disk for disk in (*root, *given.disks) if disk.name not in own), *spec.disks)


def _boot(spec: VirtualMachineSpec, given: PluginSpec) -> Boot:
    if given.kernel is None:
        return spec.boot
    cmdline = " ".join(part for part in (given.cmdline, workload_arguments(given.workload)) if part)
    return spec.boot.model_copy(update={"kernel": given.kernel, "initramfs": given.initramfs, "cmdline": cmdline or None})


def workload_arguments(workload: Workload) -> str:
    """Entrypoint and environment for a guest's init, as base64 of JSON so that nothing in them needs quoting."""
    parts = []
    if workload.entrypoint:
        parts.append(f"homeostat.entrypoint={_encoded(list(workload.entrypoint))}")
    if workload.env:
        parts.append(f"homeostat.env={_encoded(workload.env)}")
    return " ".join(parts)


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, sort_keys=True).encode()).decode()


def _own_probe(workload: Workload) -> Probes | None:
    """A workload that serves a port is ready when it answers there."""
    if workload.type is WorkloadType.HTTP and workload.port:
        return Probes(readiness=Probe(http_get=HttpGet(port=workload.port)))
    if workload.type is WorkloadType.TCP and workload.port:
        return Probes(readiness=Probe(tcp_socket=TcpSocket(port=workload.port)))
    return None
