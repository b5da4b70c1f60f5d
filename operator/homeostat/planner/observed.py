"""What was observed: of the host, of a domain, of storage, and what the operator remembers of its own acts."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import SecretStr

from homeostat.models.disk import Disk

from .allowed import NOTHING, Allowed
from .domain import DomainConfig, DomainType, MovedDisk, Record
from .files.disk_file import DiskLabel
from .files.trash import TrashEntry
from .plan import Stalled, Waiting

REVERTED = "from-snapshot"  # reason of a state that someone's `virsh snapshot-revert` brought
LEFT_SAVING = "left-saving"  # reason of a pause: libvirtd ended while it saved the guest's memory, and nobody goes on with that


class DomainState(StrEnum):
    """libvirt's virDomainState, as words."""

    RUNNING = "running"  # also libvirt's "blocked"
    PAUSED = "paused"
    SHUTTING_DOWN = "shutting-down"
    SHUTOFF = "shutoff"
    CRASHED = "crashed"
    SUSPENDED = "pmsuspended"

    @property
    def active(self) -> bool:
        return self not in (DomainState.SHUTOFF, DomainState.CRASHED)


@dataclass(frozen=True, slots=True)
class Tap:
    """The host's end of a running guest's nic."""

    nic: str  # its name
    device: str  # such as vnet0
    bridge: str  # that it belongs on, according to what runs


@dataclass(frozen=True, slots=True)
class ObservedDomain:
    """One domain, ours or not, as libvirt had it when last read."""

    name: str
    uuid: str
    state: DomainState
    reason: str  # of the state: booted, user, destroyed, crashed, shutdown, failed, ioerror, unknown ...
    persistent: bool
    autostart: bool
    managed_save: bool
    record: Record | None  # None: not ours
    config: DomainConfig | None  # the definition (what the next start uses); None where not read (foreign domains)
    live: DomainConfig | None = None  # what runs now; None when off
    saved: DomainConfig | None = None  # what goes on with its saved memory, whatever the definition says since; None: nothing
    pid: int | None = None
    vnc: str | None = None  # address:port while running
    agent: bool = False  # its guest agent listens
    run: str = ""  # names this run of the domain; changes with every start
    taps: tuple[Tap, ...] = ()  # of what runs
    balloon: int = 0  # bytes that are left to the running guest; 0: all of its memory
    unplugged: Mapping[str, str] = field(default_factory=dict)  # nic -> why nothing passes it, by the host's own links

    @property
    def configs(self) -> tuple[DomainConfig, ...]:
        """Returns all that it has, or will have when it goes on or starts next, as far as that was read."""
        return tuple(config for config in (self.config, self.live, self.saved) if config is not None)


def same_run(one: str | None, other: str | None) -> bool:
    """Tells whether two names are of the same run, as far as is known. A run is named by its domain's id, and by what no other
    run has: QEMU's pid, or on another host a mark of ours. Until that can be read, its id alone names it."""
    if not one or not other or one == other:
        return one == other
    (id_one, _, own_one), (id_other, _, own_other) = one.partition("-"), other.partition("-")
    return id_one == id_other and (not own_one or not own_other)


def surely_same_run(one: str | None, other: str | None) -> bool:
    """Tells whether two names are certainly of the same run. A domain's id alone does not say that: ids begin again with every
    boot of a host."""
    return bool(one) and one == other and "-" in (one or "")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a domain has used since it started, from the last bulk read."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    disk_read_bytes: int = 0
    disk_write_bytes: int = 0
    net_rx_bytes: int = 0
    net_tx_bytes: int = 0


class ImagePhase(StrEnum):
    MISSING = "Missing"
    QUEUED = "Queued"
    FETCHING = "Fetching"
    READY = "Ready"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class ObservedImage:
    """One base image in the host's cache."""

    phase: ImagePhase
    path: str | None = None  # absolute, when Ready
    format: str = "raw"  # raw | qcow2 | vmdk, as detected (an iso is raw)
    virtual_size: int = 0  # bytes
    fetched: int = 0  # bytes so far
    total: int | None = None  # bytes, where known
    error: str = ""  # what happened at the last try, and what to do
    behind: tuple[str, ...] = ()  # Queued: what is fetched before it
    changed: bool = False  # Failed: the verified file is another one by now
    permanent: bool = False  # Failed: trying again cannot help until the spec changes (wrong checksum, 404, not an image)
    iso: bool = False  # Ready: a CD, whose format is raw
    size: int = 0  # Ready: bytes of the file
    sha256: str = ""  # Ready: of its contents


@dataclass(frozen=True, slots=True)
class ObservedDisk:
    """One disk file of a machine."""

    path: str
    virtual_size: int  # bytes
    backing: str | None  # absolute path of the base image
    data_file: bool = False  # its header names another file for its contents
    origin: str = ""  # where the base image came from, as noted beside it; empty: not known
    label: DiskLabel | None = None  # of a Disk: what its label says
    problem: str = ""  # of a Disk: why no guest may have it
    others: tuple[str, ...] = ()  # snapshots in it that are not ours

    @property
    def format(self) -> str:
        return self.label.format if self.label else "qcow2"


@dataclass(frozen=True, slots=True)
class ObservedChain:
    """The files that hold the contents of one disk: the newest first, each an overlay on the next, as their headers say.

    A file that is one of the machine's own disks has the path that we gave it, whatever name led to it. The virtual size of a
    file that is not qcow2 is its length.
    """

    files: tuple[ObservedDisk, ...] = ()
    missing: str = ""  # a file of it that is not there; those below are not known
    problem: str = ""  # why those below cannot be known
    altered: str = ""  # what a header names that nobody put there: it was not opened


@dataclass(frozen=True, slots=True)
class ObservedStorage:
    """The storage of one machine. ``images`` is keyed by ImageRef.key, ``disks`` by the file's path."""

    images: Mapping[str, ObservedImage] = field(default_factory=dict)
    disks: Mapping[str, ObservedDisk] = field(default_factory=dict)
    seeds: frozenset[str] = frozenset()  # paths of cloud-init seeds present
    created: bool = False  # its domain was defined once (marker file), so a missing one was removed
    chains: Mapping[str, ObservedChain] = field(default_factory=dict)  # by the source the domain names, where it is not ours
    overlays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a disk of ours that no domain names: the files beside it that are built on it, and were written to after it."""
    deletion_noted: bool = False  # its folder records that it is being deleted
    reclaimable: frozenset[str] = frozenset()  # names of disks whose policy was Delete when that was last recorded
    trash: tuple[TrashEntry, ...] = ()  # what is set aside of machines of this name
    moved: tuple[MovedDisk, ...] = ()  # as recorded: disks that were on files of others when the domain was last seen
    moved_problem: str = ""  # why that record cannot be read
    restored: str | None = None  # the token of restoreFrom that was carried out last; None: there was none
    restored_before: frozenset[str] = frozenset()  # those before that one

    def carried_out(self, token: str) -> bool:
        """Tells whether a token of restoreFrom was carried out: the last one, or any before."""
        return token == self.restored or token in self.restored_before


@dataclass(frozen=True, slots=True)
class KeptDisks:
    """Disks of a machine that its deployment removed, recorded as kept for the next machine of that index."""

    machine: str  # its name
    directory: str  # absolute
    disks: tuple[str, ...]  # by name; not those whose policy was to retain them
    uid: str = ""  # the identity that it had; empty in notes of earlier versions
    moved: tuple[MovedDisk, ...] = ()  # those of them that others had put on other files


@dataclass(frozen=True, slots=True)
class PassedDevice:
    """A device of a host that a machine could have. ``address`` as of a HostDeviceConfig; ``model``: vendor:device."""

    kind: str  # pci | usb | mdev
    address: str
    model: str = ""
    driver: str = ""  # of the host, that uses it


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host, as registered. Paths are the host's."""

    name: str
    reachable: bool
    uri: str
    domain_types: frozenset[DomainType] = frozenset()
    kvm_usable: bool = False
    memory: int = 0  # bytes
    cpus: int = 0
    max_vcpus: Mapping[tuple[DomainType, str], int] = field(default_factory=dict)  # of one machine, by its chipset
    machine_types: frozenset[str] = frozenset()  # pc-q35-7.2 and the like; empty: not known
    cpu_models: frozenset[str] = frozenset()  # that libvirt knows; empty: that is not known
    cpu_features: frozenset[str] = frozenset()  # the same
    storage_root: str = ""  # absolute
    networks: frozenset[str] = frozenset()  # libvirt networks that are active
    network_uuids: Mapping[str, str] = field(default_factory=dict)  # of those that are active, by name
    idle_networks: frozenset[str] = frozenset()  # defined, and not active
    bridges: frozenset[str] | None = None  # None: not known (a remote host)
    links: frozenset[str] | None = None  # its network devices, without those of guests; None: not known
    routes: Mapping[str, str] = field(default_factory=dict)  # IPv4 subnets that its devices are on; the device
    taps: frozenset[str] | None = None  # without those of libvirt's own names; None: not known
    tpms: frozenset[str] | None = None  # versions of those that it can emulate; None: not known
    virtiofs: bool | None = None  # whether QEMU knows it; None: not known, as in the next ones
    vsock: bool | None = None
    devices: frozenset[PassedDevice] | None = None  # that could be passed through; read where that is allowed only
    allowed: Allowed = NOTHING
    attach: bool = True  # devices can be attached while running (not by the test driver)
    relabels: bool = False  # libvirt gives files to QEMU's user (its security model "dac")
    labels: Mapping[str, str] | None = None  # None: placement is decided elsewhere
    version: str = ""  # of libvirt and the hypervisor, for readers
    error: str = ""  # not reachable: why, and what to do
    trash_keep: float = 0.0  # seconds for which what is deleted is set aside; 0: it is erased at once
    boot_id: str = ""  # changes with every boot of the host; empty: not known (a remote host)


@dataclass(frozen=True, slots=True)
class ObservedPort:
    """A port of the host that a machine is to listen on, and cannot now."""

    holder: str = ""  # who listens there, if no machine of ours; empty: the host does not have that address
    lowest: int = 0  # not 0: it is below the first port that QEMU may listen on, which this is


@dataclass(frozen=True, slots=True)
class RememberedActs:
    """What the operator remembers of its own acts on one machine since it started (seconds on the monotonic clock).

    Losing it is safe: a grace period or a backoff then begins again.
    """

    running_since: float | None = None  # when it was first seen to run, or started by us
    shutdown_since: float | None = None  # since when it should be off, and is not
    shutdown_asked: float | None = None  # when it was last asked for
    agent_asked: bool = False  # the agent was asked
    ended: int = 0  # consecutive ends that nobody asked for
    last_end: float | None = None
    restarts: int = 0  # all starts after such an end
    unhealthy: bool = False  # the shutdown that was asked for is a restart of a guest that failed its liveness probe
    resume_asked: float | None = None  # when a machine paused by an I/O error was last resumed
    rename_asked: float | None = None  # when its domain was last given its name back
    refused: Mapping[str, int] = field(default_factory=dict)  # by the field, how often the running guest refused its change
    memory_asked: int = 0  # bytes that its guest was last asked to have, and has not yet
    written_at: str = ""  # time of the newest record seen or written on its domain: others brought an older one back


@dataclass(frozen=True, slots=True)
class ProbedHealth:
    """What the probes of a running machine say."""

    started: bool  # the startup probe succeeded, or there is none
    ready: bool
    alive: bool  # False: it is to be restarted
    was_ready: bool  # at some time in this run
    message: str = ""  # of the probe that tells
    last_check: str | None = None  # RFC 3339, UTC


@dataclass(frozen=True, slots=True)
class Secret:
    """The content of a password file. ``version`` changes with every change of the file, and reveals nothing of it."""

    value: SecretStr
    version: str


@dataclass(frozen=True, slots=True)
class Restore:
    """The snapshot that a machine is to be brought back to."""

    uid: str
    tag: str
    disks: tuple[tuple[str, str], ...]  # name, path
    memory: bool
    taken: str  # RFC 3339, UTC


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that a plan for one machine rests on."""

    host: HostFacts
    domain: ObservedDomain | None  # by our uuid
    clash: ObservedDomain | None = None  # another's domain that holds our name, or our uuid
    storage: ObservedStorage = field(default_factory=ObservedStorage)
    memory: RememberedActs = field(default_factory=RememberedActs)
    health: ProbedHealth | None = None  # None: nothing is probed
    unadmitted: Waiting | Stalled | None = None  # why it is not made on this host, though it was placed here
    twin: Waiting | None = None  # why its domain is not started on this host: another host runs it
    refusal: Waiting | Stalled | None = None  # why its definition cannot be known: what it is made from is missing
    secrets: Mapping[str, Secret] = field(default_factory=dict)  # by the password file that the spec names
    others: Mapping[str, str] = field(default_factory=dict)  # resources in use elsewhere: disk path or "tcp:addr:port" -> by whom
    # Files of its folder that another's domain has, by path. Only looked for where it is deleted and has no domain itself.
    strangers: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, ObservedPort] = field(default_factory=dict)  # as in ``others``: what nobody can listen on
    lost_folders: Set[str] = frozenset()  # those that it shares with its guest, and that are not on the host now
    restore: Restore | Stalled | Waiting | None = None  # what spec.restoreFrom names; or why it cannot be done
    wall: datetime | None = None  # the wall clock, where a maintenance window depends on it
    rival: Stalled | None = None  # another operator with our identity acts on this host
    named: Mapping[str, Disk | Stalled | Waiting] = field(
        default_factory=dict
    )  # the Disks that its spec names, by name, or why one cannot be had
