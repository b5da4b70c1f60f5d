"""The effective machine: what its spec sets, and for the rest what its plugin gives. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from homeostat.models.base import API_GROUP, ObjectMeta, without_marks
from homeostat.models.cloud_init import CloudInit
from homeostat.models.deployment import RUNNING_STRATEGIES, MachineTemplate
from homeostat.models.machine import RunStrategy, VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.machine_hardware import Boot, Resources
from homeostat.models.machine_nics import Nic
from homeostat.models.plugin import ROOT_DISK, Plugin, PluginSpec, Workload, WorkloadType, kernel_command_line, told_to_workload
from homeostat.models.probe import HttpGet, Probe, Probes, TcpSocket
from homeostat.models.suggest import NamesNothing

FOLLOWS = f"{API_GROUP}/template"
"""An annotation of a replica: fingerprint of the template that it follows. Its spec is complete: the plugin's part was copied
when the template was recorded, so that a newer plugin reaches it by a rollout only."""
# What describes a plugin, or says who may use it, and changes no guest. Labels reach machines without a replacement.
_DESCRIPTIVE: dict[str, Any] = {"enabled": True, "description": True, "openapi": True, "labels": True, "workload": {"base_url"}}


def plugin_fingerprint(plugin: Plugin) -> str:
    """Returns a name for what the plugin makes machines of: another name means another template. Spelling a default out changes
    nothing."""
    made_of = plugin.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_DESCRIPTIVE)
    made_of = {name: value for name, value in made_of.items() if value != {}}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


def with_plugin(machine: VirtualMachine, plugin: Plugin) -> VirtualMachine:
    """Returns the machine with its plugin's part. A field that the spec sets stays, also where it is an empty list or mapping
    (null sets nothing). Disks are joined by name."""
    spec, given = machine.spec, plugin.spec
    offered: dict[str, Any] = {
        "nics": given.nics or (Nic(name="lan", network="default"),),
        "probes": given.probes or _own_probe(given.workload),
    }
    given_here = {name for name in spec.model_fields_set if getattr(spec, name) is not None}
    update = {name: value for name, value in offered.items() if name not in given_here}
    update |= {"resources": _resources(spec.resources, given.resources), "disks": _disks(spec, given)}
    update["cloud_init"] = _cloud_init(spec, given)
    update |= {"boot": spec.boot if spec.boot.kernel else _boot(spec, given)}
    if given.workload.type is WorkloadType.BATCH and "run_strategy" not in spec.model_fields_set:
        update["run_strategy"] = RunStrategy.ONCE
    labels = {**without_marks(given.labels), **machine.metadata.labels}
    return machine.model_copy(
        update={"spec": spec.model_copy(update=update), "metadata": machine.metadata.model_copy(update={"labels": labels})}
    )


def boots_from_nothing(spec: VirtualMachineSpec) -> str:
    """Says which name in the order to boot from no disk and no nic has, the plugin's included; empty: each is one's."""
    known = {disk.name for disk in spec.disks} | {nic.name for nic in spec.nics}
    for at, name in enumerate(spec.boot.order):
        if name not in known:
            return str(NamesNothing(("boot", "order", at), "disk or nic", name, known))
    return ""


def template_with_plugin(template: MachineTemplate, plugin: Plugin) -> MachineTemplate:
    """Does the same as ``with_plugin`` for the machines of a deployment."""
    metadata = ObjectMeta(name="template", labels=template.metadata.labels)
    whole = with_plugin(VirtualMachine(metadata=metadata, spec=template.spec), plugin)
    labelled = template.metadata.model_copy(update={"labels": whole.metadata.labels})
    return template.model_copy(update={"metadata": labelled, "spec": whole.spec})


def ends_by_itself(template: MachineTemplate, plugin: Plugin) -> str:
    """Says why a deployment cannot keep machines of that template running; empty where it can. The template holds the plugin's
    part."""
    if template.spec.run_strategy in RUNNING_STRATEGIES:
        return ""
    return (
        f"plugin {plugin.metadata.name!r} is of type {plugin.spec.workload.type}: its machines run once, to completion, and a "
        "deployment keeps machines running. Make a VirtualMachine of it, or set template.spec.runStrategy: Always to run it over "
        "and over"
    )


def _resources(own: Resources, given: Resources) -> Resources:
    cpu = given.cpu.model_copy(update={name: getattr(own.cpu, name) for name in own.cpu.model_fields_set})
    numbers = {name: getattr(own, name) for name in own.model_fields_set - {"cpu"}}
    return given.model_copy(update={**numbers, "cpu": cpu})


def _disks(spec: VirtualMachineSpec, given: PluginSpec) -> tuple[DiskDevice, ...]:
    """Returns the disks. The machine's own disk replaces the plugin's disk of that name, which may be the one that it boots
    from."""
    root = (DiskDevice(name=ROOT_DISK, image=given.rootfs, size=given.rootfs_size),) if given.rootfs else ()
    offered = (*root, *given.disks)
    own = {disk.name: disk for disk in spec.disks}
    names = {disk.name for disk in offered}
    joined = (_joined(own[disk.name], disk) if disk.name in own else disk for disk in offered)
    return (*joined, *(disk for disk in spec.disks if disk.name not in names))


def _joined(own: DiskDevice, given: DiskDevice) -> DiskDevice:
    """Joins two disks: ``{name: root, size: 20Gi}`` is the plugin's root disk, only larger."""
    takes = own.type == given.type and own.image is None and own.disk_ref is None
    return own.model_copy(update={"image": given.image}) if takes else own


def _boot(spec: VirtualMachineSpec, given: PluginSpec) -> Boot:
    if given.kernel is None:
        return spec.boot
    update = {"kernel": given.kernel, "initramfs": given.initramfs, "cmdline": kernel_command_line(given) or None}
    return spec.boot.model_copy(update=update)


def _cloud_init(spec: VirtualMachineSpec, given: PluginSpec) -> CloudInit | None:
    """Returns the seed. It holds what the workload gets to know, unless a kernel of the plugin has that on its command line."""
    own = given.cloud_init if spec.cloud_init is None else spec.cloud_init
    by_kernel = given.kernel is not None and spec.boot.kernel is None
    told = {name.replace(".", "_"): value for name, value in told_to_workload(given).items()}
    if by_kernel or not told or (own is not None and not own.enabled):
        return own
    own = own or CloudInit()
    return own.model_copy(update={"variables": {**own.variables, **told}})


def _own_probe(workload: Workload) -> Probes | None:
    """Returns a probe for a workload that serves a port: it is ready when it answers there."""
    if workload.type is WorkloadType.HTTP and workload.port:
        return Probes(readiness=Probe(http_get=HttpGet(port=workload.port)))
    if workload.type is WorkloadType.TCP and workload.port:
        return Probes(readiness=Probe(tcp_socket=TcpSocket(port=workload.port)))
    return None
