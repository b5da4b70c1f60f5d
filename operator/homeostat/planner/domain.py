"""A libvirt domain as values: what the planner wants defined, and what the driver read back.

Every default has been decided by the time such a value exists. The driver turns the values into XML and back, and adds nothing. A
field that is None is left to libvirt, and is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

LATER = {"later": True}
"""Metadata of a field that came after the first release. Where the field is None, the fingerprint of a spec is as it was without
it."""
BOOT_COPY = "boot-"  # the names of a machine's own copies of kernel and initramfs begin with it


class DomainType(StrEnum):
    """libvirt's ``<domain type=...>``."""

    KVM = "kvm"
    QEMU = "qemu"  # TCG: emulation
    TEST = "test"  # libvirt's own test driver


@dataclass(frozen=True, slots=True)
class CpuConfig:
    """The CPU. ``mode`` is libvirt's: host-passthrough, host-model, maximum or custom (then ``model`` is its name)."""

    mode: str
    model: str | None = None
    features: tuple[str, ...] = ()  # "+name" or "-name"
    topology: tuple[int, int, int] | None = field(default=None, metadata=LATER)  # sockets, cores, threads


@dataclass(frozen=True, slots=True)
class KernelBoot:
    """Direct kernel boot; absolute paths on the host.

    ``copies`` is the folder with the machine's own copies of the two files. QEMU gets those copies, because libvirt changes the
    owner of these files and no definition can prevent that. None: QEMU gets the files themselves. It is not part of what a guest
    has.
    """

    kernel: str
    initramfs: str | None = None
    cmdline: str | None = None
    copies: str | None = field(default=None, compare=False)

    def given(self, path: str) -> str:
        """Returns the path that QEMU gets for the kernel or initramfs at ``path``."""
        return path if self.copies is None else f"{self.copies}/{BOOT_COPY}{path.rpartition('/')[2]}"

    def with_images(self, root: str) -> KernelBoot:
        """Returns it as defined. Where it names copies below the state folder ``root``, the images are recognised by the copies'
        names."""
        folder, _, name = self.kernel.rpartition("/")
        if not name.startswith(BOOT_COPY) or not folder.startswith(f"{root}/machines/"):
            return self
        initramfs = self.initramfs
        if initramfs is not None:
            if not initramfs.startswith(f"{folder}/{BOOT_COPY}"):
                return self
            initramfs = f"{root}/images/{initramfs.removeprefix(f'{folder}/{BOOT_COPY}')}"
        return KernelBoot(f"{root}/images/{name.removeprefix(BOOT_COPY)}", initramfs, self.cmdline, folder)


@dataclass(frozen=True, slots=True)
class BackingFile:
    """A file that a disk is built on."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Limits of a disk per second, for reads and writes together. None: no limit."""

    bytes: int | None = None
    bytes_burst: int | None = None
    iops: int | None = None
    iops_burst: int | None = None
    others: str = ""  # limits of other kinds, which somebody else set; no spec has them


@dataclass(frozen=True, slots=True)
class DiskConfig:
    """One disk or cdrom drive. ``source`` identifies a disk, ``target`` a drive.

    ``chain`` and ``shared`` say how its files are opened. They are not part of what a guest has, and are not compared.
    """

    name: str
    device: str  # disk | cdrom
    source: str | None  # absolute path; None: an empty drive
    format: str  # raw | qcow2
    bus: str
    target: str  # vda, sda, hda ...
    read_only: bool = False
    cache: str | None = None
    io: str | None = None
    serial: str | None = None
    boot_order: int | None = None
    rotation_rate: int | None = field(default=None, metadata=LATER)  # 1: an SSD; else rotations per minute
    discard: str | None = field(default=None, metadata=LATER)  # ignore; None: the host gets back what a guest trims
    limits: LimitsConfig | None = field(default=None, metadata=LATER)
    io_thread: bool | None = field(default=None, metadata=LATER)  # True: a thread of its own serves it
    chain: tuple[BackingFile, ...] | None = field(default=None, compare=False)
    """The files that it is built on, the next one first; empty: none. None: the headers of its files name them, and guests may
    write those."""
    shared: bool = field(default=False, compare=False)  # the file stays root's: libvirt does not change its owner


@dataclass(frozen=True, slots=True)
class MovedDisk:
    """Where others put a disk of the machine. It is recorded in the machine's folder, because the domain that says it may go."""

    name: str
    source: str  # absolute path
    format: str


@dataclass(frozen=True, slots=True)
class ForwardConfig:
    host_address: str
    host_port: int
    guest_port: int
    protocol: str  # tcp | udp


@dataclass(frozen=True, slots=True)
class NicConfig:
    """One network card; the MAC identifies it. ``source`` is the name of the network, bridge or tap, empty for user mode."""

    name: str
    kind: str  # network | bridge | ethernet (a tap) | user
    source: str
    mac: str
    model: str
    forwards: tuple[ForwardConfig, ...] = ()
    boot_order: int | None = None
    queues: int | None = field(default=None, metadata=LATER)
    vhost: bool | None = field(default=None, metadata=LATER)
    mtu: int | None = field(default=None, metadata=LATER)
    existing: bool | None = field(default=None, metadata=LATER)  # True: the tap is the host's, and not libvirt's to make
    down: bool | None = field(default=None, metadata=LATER)  # True: its link is down; None: up


@dataclass(frozen=True, slots=True)
class VncConfig:
    listen: str | None  # None: nowhere, but libvirt opens connections to it
    port: int | None = None  # None: the next free one
    password: SecretStr | None = None  # None: everybody who connects gets in
    password_version: str = ""  # changes with its file; not in the definition, so not compared


@dataclass(frozen=True, slots=True)
class ScsiConfig:
    """The SCSI controllers, which are all alike (see scsi.py)."""

    model: str = "virtio-scsi"  # virtio-scsi | lsilogic
    io_thread: bool = False
    queues: int | None = None


@dataclass(frozen=True, slots=True)
class WatchdogConfig:
    model: str  # i6300esb | ib700
    action: str  # reset | shutdown | poweroff


@dataclass(frozen=True, slots=True)
class TpmConfig:
    model: str  # tpm-tis | tpm-crb
    version: str  # 2.0 | 1.2


@dataclass(frozen=True, slots=True)
class RngConfig:
    enabled: bool = True
    rate: int | None = None  # bytes per second


@dataclass(frozen=True, slots=True)
class VsockConfig:
    cid: int | None  # None: a free one at each start


@dataclass(frozen=True, slots=True)
class SharedMemoryConfig:
    name: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class FilesystemConfig:
    name: str  # the tag
    path: str


@dataclass(frozen=True, slots=True)
class HostDeviceConfig:
    """A device of the host. ``address``: of pci as 0000:03:00.0; of usb as 1.4 (bus, device) or 046d:c31c; of mdev its uuid."""

    name: str
    kind: str  # pci | usb | mdev
    address: str
    display: bool = False


@dataclass(frozen=True, slots=True)
class SmbiosConfig:
    """What the guest reads of type 1 (system). None: QEMU's; as the uuid the domain's."""

    manufacturer: str | None = None
    product: str | None = None
    version: str | None = None
    serial: str | None = None
    sku: str | None = None
    family: str | None = None
    uuid: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Our own element in the domain's ``<metadata>``: whose domain this is, and what was last applied to it.

    It is written with the definition, so that a decision never rests on our own earlier status.
    """

    uid: str  # of the resource
    namespace: str
    name: str
    instance: str = ""  # of the operator's store: so two operators on one host stay apart
    generation: int = 0
    spec_hash: str = ""  # of what was asked for and carried out completely, see planner.changes.changes.spec_hash
    restarted_at: str = ""  # last token carried out
    powered_off_at: str = ""  # last token carried out
    power: str = ""  # last power carried out (runStrategy Manual)
    outcome: str = ""  # how the last run ended or stands, see planner.machine.power
    restarted_for: str = ""  # fingerprint of the changes a restart was last made for (updatePolicy Immediate)
    autostart: str = ""  # last carried out: yes | no (driftPolicy Report)
    boot: str = ""  # the boot of the host in which the last run was seen (where ``outcome`` is set)
    writer: str = ""  # which run of an operator wrote this, see runtime.machine.rivals
    written_at: str = ""  # when, by its clock (RFC 3339)
    reverted: str = ""  # the run that a snapshot brought back, with its old record (see planner.machine.definition.revert)

    def saying(self, **fields: Any) -> Record:
        """Returns it with these values; itself where it has them, as at every look at a machine that is as it should be."""
        return self if all(getattr(self, name) == value for name, value in fields.items()) else replace(self, **fields)


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """The whole definition."""

    name: str
    uuid: str
    type: DomainType
    memory: int  # bytes, at the most
    vcpus: int  # at the most
    machine: str  # q35, pc, or a versioned one such as pc-q35-7.2
    cpu: CpuConfig | None
    uefi: bool = False
    secure_boot: bool = False
    kernel: KernelBoot | None = None
    disks: tuple[DiskConfig, ...] = ()
    scsi: ScsiConfig | None = field(default=None, metadata=LATER)  # None: virtio-scsi where a disk is on bus scsi
    nics: tuple[NicConfig, ...] = ()
    video: str | None = None  # None: no video device
    video_memory: int | None = field(default=None, metadata=LATER)  # bytes
    sound: str | None = field(default=None, metadata=LATER)  # hda | ac97 | sb16; None: none of ours
    watchdog: WatchdogConfig | None = field(default=None, metadata=LATER)
    tpm: TpmConfig | None = field(default=None, metadata=LATER)
    rng: RngConfig | None = field(default=None, metadata=LATER)  # None: there is one, without a limit
    smbios: SmbiosConfig | None = field(default=None, metadata=LATER)
    vsock: VsockConfig | None = field(default=None, metadata=LATER)
    shared_memory: tuple[SharedMemoryConfig, ...] | None = field(default=None, metadata=LATER)  # these three never empty
    filesystems: tuple[FilesystemConfig, ...] | None = field(default=None, metadata=LATER)
    host_devices: tuple[HostDeviceConfig, ...] | None = field(default=None, metadata=LATER)
    qemu_arguments: tuple[str, ...] | None = field(default=None, metadata=LATER)  # words
    vnc: VncConfig | None = None
    console_log: str | None = None  # file that receives the serial console
    guest_agent: bool = False
    spare_pci_ports: int = 0  # q35: empty root ports, for attaching devices while running; not compared
    record: Record | None = None  # None on a domain that is not ours; not compared
    vcpus_left: int | None = field(default=None, metadata=LATER)  # those that are plugged in, where not all are
    vcpus_hotplug: bool | None = field(default=None, metadata=LATER)  # True: all but the first can be plugged in and out
    balloon: int | None = field(default=None, metadata=LATER)  # bytes of ``memory`` that the guest is left with; None: all

    @property
    def left_memory(self) -> int:
        """Bytes that the guest is left with."""
        return self.balloon or self.memory

    def with_record(self, record: Record) -> DomainConfig:
        return replace(self, record=record)
