"""The kinds of resources: what each is called, where it belongs, what it shows, and which other resources it rests on.

This is the only registry. Whatever else differs by kind is in a table keyed by its class, in the room that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from .base import Key, Resource
from .deployment import MachineRevision, VirtualMachineDeployment
from .disk import Disk
from .host import Host
from .image import Image, image_names
from .machine import PluginRef, VirtualMachine, VirtualMachineSpec
from .machine_nics import Nic
from .network import Network
from .plugin import Plugin, PluginSpec
from .schedule import SnapshotSchedule
from .snapshot import Snapshot

R = TypeVar("R", bound=Resource)


class Column(NamedTuple):
    """One column of ``kubectl get``. ``priority`` 1: shown with ``-o wide`` only."""

    name: str
    type: str
    path: str
    description: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """What is known of one kind.

    ``noun``: its name in sentences, and before a name (vm/web). ``words``: what else people type for it.

    ``declared``: people write it in a folder. The operator itself makes the resources of the other kinds.

    ``torn_down``: the operator has something to tear down before such a resource goes.

    ``rests_on``: the resources that decide, together with this one, what is to be done. When one of them changes, this one is
    reconciled again.
    """

    cls: type[R]
    noun: str
    plural: str
    words: tuple[str, ...]
    columns: tuple[Column, ...]
    declared: bool = True
    torn_down: bool = True
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"  # without a namespace in Kubernetes; its keys say "default"
    rests_on: Callable[[R], Iterable[Key]] = lambda resource: ()

    @property
    def name(self) -> str:
        """As documents say it: VirtualMachine."""
        return self.cls.KIND


def condition_path(type: str, field: str = "status") -> str:
    """Returns the JSONPath of a field of a condition, as columns have it."""
    return f'.status.conditions[?(@.type=="{type}")].{field}'


def _plugin(namespace: str, ref: PluginRef | None) -> tuple[Key, ...]:
    return (Key(Plugin.KIND, namespace, ref.name),) if ref else ()


def _disks(namespace: str, spec: VirtualMachineSpec) -> tuple[Key, ...]:
    return tuple(Key(Disk.KIND, namespace, disk.disk_ref.name) for disk in spec.disks if disk.disk_ref)


def _origin(disk: Disk) -> tuple[Key, ...]:
    source, namespace = disk.spec.source, disk.metadata.namespace
    if source is not None and source.image is not None and source.image.image_ref is not None:
        return (Key(Image.KIND, namespace, source.image.image_ref.name),)
    return (Key(Disk.KIND, namespace, source.disk_ref.name),) if source and source.disk_ref else ()


def _images(namespace: str, spec: VirtualMachineSpec | PluginSpec) -> tuple[Key, ...]:
    return tuple(Key(Image.KIND, namespace, name) for name in sorted(image_names(spec)))


def _of_machine(namespace: str, spec: VirtualMachineSpec) -> tuple[Key, ...]:
    return (
        *_plugin(namespace, spec.plugin_ref),
        *_disks(namespace, spec),
        *_images(namespace, spec),
        *_networks(namespace, spec.nics),
    )


def _restored(vm: VirtualMachine) -> tuple[Key, ...]:
    wanted = vm.spec.restore_from
    return (Key(Snapshot.KIND, vm.metadata.namespace, wanted.snapshot),) if wanted else ()


def _networks(namespace: str, nics: Iterable[Nic]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(Key(Network.KIND, namespace, nic.network_ref.name) for nic in nics if nic.network_ref))


_READY = Column("Ready", "string", condition_path("Ready"), "Whether it is as it should be, and healthy.")
_AGE = Column("Age", "date", ".metadata.creationTimestamp", "Since it was created.")
_WHY = Column("Message", "string", condition_path("Ready", "message"), "Why it is Ready, or is not.", 1)

_MACHINE = Kind(
    VirtualMachine,
    noun="vm",
    plural="virtualmachines",
    words=("vms",),
    columns=(
        Column("Status", "string", ".status.state", "What it is doing, in one word."),
        _READY,
        Column("IP", "string", ".status.addresses[0].ip", "The first address that its guest can be reached at."),
        Column("Host", "string", ".status.host", "The host its domain is on."),
        Column("Suspended", "boolean", ".spec.suspend", "Whether it is left alone."),
        Column("Restart-Required", "string", condition_path("RestartRequired"), "Whether changes wait for one."),
        _AGE,
        Column("vCPU", "integer", ".spec.resources.vcpu", "Virtual CPUs, where the spec says.", 1),
        Column("Memory", "string", ".spec.resources.memory", "Memory, where the spec says.", 1),
        Column("Virtualization", "string", ".status.virtualization", "What it runs with.", 1),
        Column("Restarts", "integer", ".status.restarts", "Restarts after the guest ended unasked.", 1),
        Column("Plugin", "string", ".spec.pluginRef.name", "The plugin that it is made from.", 1),
        _WHY,
    ),
    rests_on=lambda vm: (*_of_machine(vm.metadata.namespace, vm.spec), *_restored(vm)),
)
_DEPLOYMENT = Kind(
    VirtualMachineDeployment,
    noun="vmd",
    plural="virtualmachinedeployments",
    words=("vmds", "deployment", "deployments"),
    columns=(
        Column("Desired", "integer", ".spec.replicas", "Machines that there should be."),
        Column("Current", "integer", ".status.replicas", "Machines that exist."),
        Column("Up-To-Date", "integer", ".status.updatedReplicas", "Machines of the current template."),
        Column("Ready", "integer", ".status.readyReplicas", "Machines that are Ready."),
        Column("Available", "integer", ".status.availableReplicas", "Machines that have been Ready for minReadySeconds."),
        _AGE,
        Column("Revision", "integer", ".status.revision", "The revision that is being kept or rolled out.", 1),
        Column("Plugin", "string", ".spec.template.spec.pluginRef.name", "The plugin that its machines are made from.", 1),
        Column("Selector", "string", ".status.selector", "Label selector of its machines.", 1),
        _WHY,
    ),
    rests_on=lambda vmd: _of_machine(vmd.metadata.namespace, vmd.spec.template.spec),
)
_SCHEDULE = Kind(
    SnapshotSchedule,
    noun="snapshotschedule",
    plural="snapshotschedules",
    words=("snapsched", "snapscheds"),
    columns=(
        Column("Machine", "string", ".spec.template.spec.machineRef.name", "The machine whose snapshots it takes."),
        Column("Schedule", "string", ".spec.schedule", "When."),
        Column("Suspend", "boolean", ".spec.suspend", "Whether it takes none."),
        _READY,
        Column("Snapshots", "integer", ".status.snapshots", "Its snapshots that were taken."),
        Column("Last", "date", ".status.lastTime", "The last time that is dealt with."),
        Column("Next", "string", ".status.nextTime", "When the next one is due.", 1),
        _AGE,
        _WHY,
    ),
)
_SNAPSHOT = Kind(
    Snapshot,
    noun="snapshot",
    plural="snapshots",
    words=("snap", "snaps"),
    columns=(
        Column("Machine", "string", ".spec.machineRef.name", "The machine that it is of."),
        _READY,
        Column("Consistency", "string", ".status.consistency", "What the disks are like in it."),
        Column("Taken", "date", ".status.takenAt", "When it was taken."),
        Column("Size", "string", ".status.size", "What its disks took then.", 1),
        Column("Host", "string", ".status.host", "The host that has it.", 1),
        _AGE,
        _WHY,
    ),
)
_PLUGIN = Kind(
    Plugin,
    noun="plugin",
    plural="plugins",
    words=(),
    columns=(
        Column("Version", "string", ".spec.version", "Version of the plugin."),
        Column("Enabled", "boolean", ".spec.enabled", "Whether it makes new machines."),
        _READY,
        Column("Machines", "integer", ".status.machines", "Machines that use it."),
        _AGE,
        Column("Workload", "string", ".spec.workload.type", "What kind of workload runs inside.", 1),
        _WHY,
    ),
    rests_on=lambda plugin: (
        *_images(plugin.metadata.namespace, plugin.spec),
        *_networks(plugin.metadata.namespace, plugin.spec.nics),
    ),
)
_IMAGE = Kind(
    Image,
    noun="image",
    plural="images",
    words=("img",),
    columns=(
        Column("Phase", "string", ".status.phase", "What is done about it."),
        _READY,
        Column("Progress", "integer", ".status.progress", "Percent that have been fetched."),
        Column("Format", "string", ".status.format", "What it is by its contents."),
        Column("Size", "string", ".status.virtualSize", "Size of the disk that a guest sees."),
        Column("Users", "integer", ".status.users", "How many name it."),
        _AGE,
        Column("Digest", "string", ".status.digest", "What the file hashes to.", 1),
        _WHY,
    ),
)
_DISK = Kind(
    Disk,
    noun="disk",
    plural="disks",
    words=("vmdisk", "vmdisks"),
    columns=(
        _READY,
        Column("Size", "string", ".status.virtualSize", "Size that the guest sees."),
        Column("Format", "string", ".spec.format", "Format of its file."),
        Column("Attached-To", "string", ".status.attachedTo", "The machine that has it."),
        Column("Host", "string", ".status.host", "The host that it lies on."),
        _AGE,
        Column("Allocated", "string", ".status.allocated", "What its file takes on the host.", 1),
        Column("Reclaim-Policy", "string", ".spec.reclaimPolicy", "What becomes of its file when it is deleted.", 1),
        Column("Path", "string", ".status.path", "Its file on the host.", 1),
        _WHY,
    ),
    rests_on=_origin,
)
_NETWORK = Kind(
    Network,
    noun="network",
    plural="networks",
    words=("vmnet", "vmnets"),
    columns=(
        Column("Mode", "string", ".spec.mode", "How its guests reach what is outside, where the spec says."),
        _READY,
        Column("Machines", "integer", ".status.machines", "Machines that name it."),
        Column("Restart-Required", "string", condition_path("RestartRequired"), "Whether changes wait for one."),
        _AGE,
        Column("Address", "string", ".spec.addresses[0].cidr", "The host's first address in it.", 1),
        Column("Adopts", "string", ".spec.adopt", "The libvirt network that others made.", 1),
        Column("Bridge", "string", ".status.hosts[0].bridge", "The bridge device on the first host.", 1),
        _WHY,
    ),
)
_REVISION = Kind(
    MachineRevision,
    noun="machinerevision",
    plural="machinerevisions",
    words=("vmrev",),
    columns=(
        Column("Deployment", "string", ".spec.deployment", "Whose template it is."),
        Column("Revision", "integer", ".spec.revision", "Its number."),
        Column("Cause", "string", ".spec.cause", "Why it came about."),
        _AGE,
        Column("Failed", "string", ".spec.failed", "Why its rollout was given up.", 1),
    ),
    declared=False,
    torn_down=False,
)
_HOST = Kind(
    Host,
    noun="host",
    plural="hosts",
    words=("vmhost", "vmhosts"),
    columns=(
        _READY,
        Column("Machines", "integer", ".status.machines", "Machines that are on it."),
        Column("vCPUs", "integer", ".status.capacity.vcpus", "CPUs that it has."),
        Column("Memory", "string", ".status.capacity.memory", "Memory that it has."),
        Column("Maintenance", "boolean", ".spec.maintenance", "Whether no new machines are placed on it."),
        _AGE,
        Column("KVM", "string", condition_path("KVMUsable"), "Whether KVM was found usable.", 1),
        Column("URI", "string", ".spec.uri", "libvirt's address.", 1),
        Column("Version", "string", ".status.version", "Versions of libvirt and of the hypervisor.", 1),
        Column("Operator", "string", ".status.operator", "Who serves it.", 1),
        _WHY,
    ),
    scope="Cluster",
)

_ALL: tuple[Kind[Any], ...] = (
    *(_MACHINE, _DEPLOYMENT, _SCHEDULE, _SNAPSHOT),
    *(_PLUGIN, _REVISION, _DISK, _IMAGE, _NETWORK, _HOST),
)

REGISTRY: Mapping[type[Resource], Kind[Any]] = {kind.cls: kind for kind in _ALL}
"""People see the kinds in this order. A kind stands before those that it rests on."""
CLUSTER_KINDS: tuple[type[Resource], ...] = tuple(REGISTRY)
"""The kinds that Kubernetes knows."""
KINDS: tuple[type[Resource], ...] = tuple(kind.cls for kind in REGISTRY.values() if kind.declared)
"""The kinds that people declare in a folder."""
BY_KIND: dict[str, type[Resource]] = {cls.KIND: cls for cls in KINDS}
STORED: dict[str, type[Resource]] = {cls.KIND: cls for cls in REGISTRY}
"""The kinds that a store holds, those that the operator makes for itself included."""
BY_PLURAL: dict[str, type[Resource]] = {kind.plural: cls for cls, kind in REGISTRY.items()}
"""The same by their plurals, as paths name them."""


def kind_of(resource: type[R] | R) -> Kind[R]:
    """Returns what is known of the kind of a resource."""
    found: Kind[R] = REGISTRY[resource if isinstance(resource, type) else type(resource)]
    return found


def kind_named(word: str) -> type[Resource] | None:
    """Returns the declared kind for ``VirtualMachine``, ``virtualmachines``, ``virtualmachine``, ``vm`` or ``vms``."""
    wanted = word.lower()
    known = (REGISTRY[cls] for cls in KINDS)
    return next((kind.cls for kind in known if wanted in (kind.name.lower(), kind.plural, kind.noun, *kind.words)), None)
