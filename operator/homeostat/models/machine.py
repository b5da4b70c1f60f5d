"""VirtualMachine: one machine, as it should be (spec) and as it is (status)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from .base import Flag, Labels, Model, Name, Resource, Status
from .bounds import DEVICES_MAX, WORDS_MAX, XML_PATTERN, XML_SCHEMA
from .cloud_init import CloudInit
from .condition import DATE_TIME, Condition, StatusText
from .listening import first_collision, listeners
from .machine_disks import DiskDevice, ReclaimPolicy
from .machine_display import Display
from .machine_hardware import Boot, Firmware, MachineType, Resources, Virtualization
from .machine_host import Filesystem, HostDevice, SharedMemory, Vsock
from .machine_nics import Nic
from .machine_platform import Rng, Scsi, Smbios, Sound, Tpm, Watchdog
from .maintenance import WINDOWS_MAX, MaintenanceWindow, check_windows
from .maintenance import UpdatePolicy as UpdatePolicy  # noqa: PLC0414 - it belongs to the spec
from .probe import Probes
from .qemu_arguments import check_words, words_of
from .quantity import Quantity
from .suggest import NamesNothing

T = TypeVar("T")

SEED_NAME = "cloud-init"  # the drive that carries the cloudInit seed
SHARED_MAX = 16  # devices of one kind that few machines have


class RunStrategy(StrEnum):
    """When a machine runs; the words are KubeVirt's."""

    ALWAYS = "Always"
    RERUN_ON_FAILURE = "RerunOnFailure"
    MANUAL = "Manual"
    HALTED = "Halted"
    ONCE = "Once"


class Power(StrEnum):
    """What a machine of runStrategy Manual should be doing."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    PAUSED = "Paused"
    SAVED = "Saved"


class DriftPolicy(StrEnum):
    CORRECT = "Correct"
    REPORT = "Report"


class GuestAgent(Model):
    """The channel to the QEMU guest agent."""

    enabled: Flag = Field(default=True, description="Adds the channel the QEMU guest agent listens on.")


class Shutdown(Model):
    """How the machine is stopped."""

    grace_period_seconds: int = Field(
        default=60,
        ge=0,
        le=86_400,
        strict=True,
        description="How long a guest may take to shut down when asked (ACPI).",
    )
    on_timeout: Literal["Force", "Wait"] = Field(
        default="Force", description="After the grace period: Force cuts the power, Wait keeps asking."
    )


class PluginRef(Model):
    """Names a plugin."""

    name: Name = Field(description="Name of the plugin.")


class RestoreFrom(Model):
    """Names a snapshot to go back to."""

    snapshot: Name = Field(description="Name of a Snapshot of this machine.")
    token: str = Field(
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        min_length=1,
        max_length=64,
        description="Any text, by custom the time: a new one restores the machine once. It counts for a machine that exists.",
    )


class VirtualMachineSpec(Model):
    """The machine as it should be."""

    run_strategy: RunStrategy = Field(
        default=RunStrategy.ALWAYS,
        description="Always: runs, whatever happens. RerunOnFailure: runs until its guest shuts down by itself. "
        "Manual: follows power. Halted: off. Once: runs a single time.",
    )
    power: Power | None = Field(default=None, description="With runStrategy Manual. Default: Stopped.")
    restarted_at: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        max_length=64,
        description="A token (by custom the time): a new value restarts the machine once.",
    )
    powered_off_at: str | None = Field(
        default=None,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        max_length=64,
        description="A token: a new value cuts the power at once, if the machine is to be off and is not.",
    )
    restore_from: RestoreFrom | None = Field(
        default=None,
        description="Brings the machine back to a snapshot, once for each token: it is shut down, its disks are brought back, "
        "and it is started again. With a snapshot that has its memory, the guest goes on where it was.",
    )
    suspend: Flag = Field(default=False, description="Leave the machine alone: observe and report, change nothing.")
    drift_policy: DriftPolicy = Field(
        default=DriftPolicy.CORRECT, description="Correct what others change behind our back, or only Report it."
    )
    update_policy: UpdatePolicy = Field(
        default=UpdatePolicy.ON_NEXT_BOOT,
        description="OnNextBoot: changes that need a restart wait until the machine is started next, which a reboot inside the "
        "guest is not. Immediate: restart the machine for them. Window: restart it in one of maintenanceWindows. "
        "Never: change nothing while the machine runs.",
    )
    maintenance_windows: tuple[MaintenanceWindow, ...] = Field(
        default=(),
        max_length=WINDOWS_MAX,
        description="With updatePolicy: Window, when the machine may be restarted. Default: those of the Host that it is on.",
    )
    reclaim_policy: ReclaimPolicy = Field(
        default=ReclaimPolicy.DELETE, description="What becomes of the machine's disks when it is deleted."
    )
    plugin_ref: PluginRef | None = Field(
        default=None, description="A plugin of the same namespace: what this spec does not set comes from there."
    )
    host_selector: Labels = Field(
        default_factory=dict,
        description="Labels that a host must have, all of them. Standalone there is one host, and a machine whose selector "
        "its labels do not meet waits.",
    )
    resources: Resources = Field(default_factory=cache(Resources))
    machine: MachineType = Field(default_factory=cache(MachineType))
    virtualization: Virtualization = Field(
        default=Virtualization.AUTO, description="Auto takes KVM where it was found usable, else TCG (emulation)."
    )
    firmware: Firmware = Field(default_factory=cache(Firmware))
    boot: Boot = Field(default_factory=cache(Boot))
    disks: tuple[DiskDevice, ...] = Field(
        default=(), max_length=DEVICES_MAX, description="Each an overlay on an image, a blank disk of a size, or a cdrom."
    )
    scsi: Scsi | None = Field(default=None, description="The SCSI controller. Default: virtio-scsi, where a disk is on bus scsi.")
    nics: tuple[Nic, ...] = Field(
        default=(),
        max_length=DEVICES_MAX,
        description="Network cards, each on a libvirt network, a bridge or a tap of the host, or in user mode.",
    )
    display: Display = Field(default_factory=cache(Display))
    sound: Sound | None = Field(default=None, description="A sound card. Default: none.")
    watchdog: Watchdog | None = Field(default=None, description="A watchdog that the guest feeds. Default: none.")
    tpm: Tpm | None = Field(default=None, description="A TPM. Default: none. Its host needs swtpm.")
    rng: Rng = Field(default_factory=cache(Rng))
    vsock: Vsock | None = Field(default=None, description="A socket to its host without a network. Default: none.")
    shared_memory: tuple[SharedMemory, ...] = Field(
        default=(), max_length=SHARED_MAX, description="Memory that programs of its host see too, on machine type q35."
    )
    filesystems: tuple[Filesystem, ...] = Field(
        default=(), max_length=SHARED_MAX, description="Folders of its host, of those that its operator has as --share-folder."
    )
    host_devices: tuple[HostDevice, ...] = Field(
        default=(), max_length=SHARED_MAX, description="Devices of its host, where its operator has --allow-host-devices."
    )
    smbios: Smbios | None = Field(default=None, description="What the guest reads of its mainboard. Default: QEMU's.")
    qemu_arguments: tuple[
        Annotated[str, Field(min_length=1, max_length=4000, pattern=XML_PATTERN, json_schema_extra=XML_SCHEMA)], ...
    ] = Field(
        default=(),
        max_length=WORDS_MAX,
        description="Arguments for QEMU that no other field has, such as -fw_cfg name=opt/x,string=y; split at spaces, never by "
        "a shell. Only where the operator has --allow-qemu-arguments.",
    )
    guest_agent: GuestAgent = Field(default_factory=cache(GuestAgent))
    cloud_init: CloudInit | None = None
    probes: Probes | None = Field(
        default=None, description="Health checks of what runs inside; each is one of httpGet, tcpSocket, guestAgentPing and exec."
    )
    shutdown: Shutdown = Field(default_factory=cache(Shutdown))

    @field_validator("qemu_arguments")
    @classmethod
    def _words_are_taken(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        check_words(words_of(lines))
        return lines

    @property
    def seed(self) -> CloudInit | None:
        """What its seed is made of, where it has one."""
        return self.cloud_init if self.cloud_init is not None and self.cloud_init.enabled else None

    @model_validator(mode="after")
    def _power_is_manual(self) -> Self:
        if self.power is not None and self.run_strategy is not RunStrategy.MANUAL:
            raise ValueError(f"power needs runStrategy: Manual (it is {self.run_strategy})")
        return self

    @model_validator(mode="after")
    def _restarts_fit(self) -> Self:
        check_windows(self.maintenance_windows, self.shutdown.grace_period_seconds)
        return self

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        for field, names in (("disks", [d.name for d in self.disks]), ("nics", [n.name for n in self.nics])):
            if twice := first_repeated(names):
                raise ValueError(f"{field}: the name {twice!r} is used twice")
        if any(d.name == SEED_NAME for d in self.disks):
            raise ValueError(f"disks: the name {SEED_NAME!r} is kept for the seed that cloudInit makes")
        if twice := first_repeated(n.mac for n in self.nics if n.mac):
            raise ValueError(f"nics: the mac {twice} is used twice")
        if twice := first_repeated(d.disk_ref.name for d in self.disks if d.disk_ref):
            raise ValueError(f"disks: the Disk {twice!r} is named twice")
        if twice := first_repeated(d.serial for d in self.disks if d.serial):
            raise ValueError(f"disks: the serial {twice!r} is used twice")
        if both := first_collision([*listeners(self.nics, self.display.vnc)]):
            raise ValueError(f"{both[0].field} {both[0]} is taken by {both[1].field} {both[1]}: give each a port of its own")
        return self

    @model_validator(mode="after")
    def _boot_order_known(self) -> Self:
        known = {d.name for d in self.disks} | {n.name for n in self.nics}
        for at, name in enumerate(self.boot.order):
            if name not in known and self.plugin_ref is None:  # a plugin brings its own
                raise NamesNothing(("boot", "order", at), "disk or nic", name, known)
        if twice := first_repeated(self.boot.order):
            raise ValueError(f"boot.order: {twice!r} is listed twice")
        both = {d.name for d in self.disks} & {n.name for n in self.nics} & set(self.boot.order)
        if both:
            raise ValueError(f"boot.order: {min(both)!r} is the name of a disk and of a nic: rename one of them")
        return self

    @model_validator(mode="after")
    def _devices_fit(self) -> Self:
        if self.shared_memory and self.machine.type != "q35":
            raise ValueError(f"sharedMemory needs machine.type: q35 (it is {self.machine.type})")
        named = (
            ("sharedMemory", [memory.name for memory in self.shared_memory]),
            ("filesystems", [folder.name for folder in self.filesystems]),
            ("hostDevices", [device.name for device in self.host_devices]),
        )
        for field, names in named:
            if twice := first_repeated(names):
                raise ValueError(f"{field}: the name {twice!r} is used twice")
        if twice_asked := first_repeated(device.asked for device in self.host_devices):
            raise ValueError(f"hostDevices: the {twice_asked[0]} device {twice_asked[1]} is asked for twice")
        screens = [device.name for device in self.host_devices if device.mdev and device.mdev.display]
        if screens and (self.display.video != "none" or not self.display.vnc.enabled or len(screens) > 1):
            raise ValueError(
                f"hostDevices[{screens[-1]}].mdev.display needs display.video: none and a VNC server, and to be the one"
            )
        return self

    @model_validator(mode="after")
    def _secure_boot_q35(self) -> Self:
        if self.firmware.secure_boot and self.machine.type != "q35":
            raise ValueError("firmware.secureBoot needs machine.type: q35")
        return self


def first_repeated(items: Iterable[T]) -> T | None:
    seen: set[T] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None


class MachineState(StrEnum):
    """What a machine is doing, in one word (KubeVirt's printableStatus)."""

    PENDING = "Pending"  # not defined yet: waiting for a host, an image, space
    STOPPED = "Stopped"
    STARTING = "Starting"
    RUNNING = "Running"
    PAUSED = "Paused"
    SAVED = "Saved"
    STOPPING = "Stopping"
    CRASH_LOOP = "CrashLoopBackOff"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Terminating"
    UNKNOWN = "Unknown"


class GuestAddress(Model):
    """One address that the guest can be reached at."""

    nic: str = Field(description="Name of the nic.")
    ip: str = Field(description="IPv4 or IPv6 address; of the host for a forward.")
    source: Literal["Lease", "Agent", "Arp", "Forward"] = Field(description="Who told us.")
    port: int | None = Field(default=None, description="Forward: the host's port, at ip.")
    guest_port: int | None = Field(default=None, description="Forward: the guest's port that it leads to.")


class MachineDisk(Model):
    """One of a machine's own disks, as it is on its host."""

    name: str = Field(description="As in the spec.")
    size: Quantity = Field(description="Size that the guest sees.")


class PendingChange(Model):
    """A difference between the spec and the machine, and what carrying it out takes."""

    field: str = Field(description="As in the spec.")
    old: StatusText = Field(description="What the machine has.")
    new: StatusText = Field(description="What the spec says.")
    disruption: Literal["Live", "NeedsRestart", "NeedsReplace", "Forbidden"] = Field(description="What the change takes.")
    reason: StatusText = Field(default="", description="Why it takes that.")


class MachineHealth(Model):
    """What the probes say, in the words of the REST API."""

    status: Literal["starting", "healthy", "unhealthy"] = Field(description="Of startup, liveness and readiness together.")
    message: StatusText = Field(default="", description="What the probe that tells found.")
    last_check: str | None = Field(default=None, description="When that was found (RFC 3339, UTC).", json_schema_extra=DATE_TIME)


class VirtualMachineStatus(Status):
    """The machine as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    state: MachineState = Field(default=MachineState.PENDING, description="What it is doing, in one word.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    host: str | None = Field(default=None, description="The host its domain is on.")
    domain_uuid: str | None = Field(default=None, description="The domain's uuid, for virsh.")
    pid: int | None = Field(default=None, description="QEMU's process id, where the host is this one.")
    virtualization: Literal["KVM", "TCG", "Test"] | None = Field(default=None, description="What it runs with.")
    health: MachineHealth | None = Field(default=None, description="Where probes are set, and it runs.")
    addresses: tuple[GuestAddress, ...] = Field(default=(), description="Where its guest can be reached.")
    vnc: str | None = Field(default=None, description="address:port of the VNC server.")
    console_log: str | None = Field(default=None, description="File that receives the serial console.")
    restarts: int = Field(default=0, description="Restarts after the guest ended unasked, since the operator started.")
    run: str | None = Field(default=None, description="Names this run of the domain: another one after every start.")
    started_at: str | None = Field(
        default=None, description="When the domain was last seen to start.", json_schema_extra=DATE_TIME
    )
    disks: tuple[MachineDisk, ...] = Field(
        default=(), description="Its own disks that are there and whose size is known. A Disk has a status of its own."
    )
    restored: str | None = Field(default=None, description="The token of spec.restoreFrom that was carried out last.")
    other_snapshots: tuple[str, ...] = Field(
        default=(), description="Snapshots in its disks that others took, as disk/name. They stay as they are."
    )
    changes: tuple[PendingChange, ...] = Field(default=(), description="What waits for a restart, or is forbidden.")
    drift: tuple[PendingChange, ...] = Field(default=(), description="What others changed (driftPolicy Report).")


class VirtualMachine(Resource):
    """One virtual machine, kept on a libvirt host as its spec says."""

    KIND: ClassVar[str] = "VirtualMachine"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["VirtualMachine"] = "VirtualMachine"
    spec: VirtualMachineSpec = Field(default_factory=VirtualMachineSpec)
    status: VirtualMachineStatus | None = None
