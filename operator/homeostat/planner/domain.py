"""A libvirt domain as values: what the planner wants defined, and what the driver read back.

Every default has been decided by the time one of these exists; the driver turns them into XML and back, and adds nothing.
A field that is None was left to libvirt, and is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import SecretStr

LATER = {"later": True}
"""Metadata of a field that came after the first release: where it is None, a fingerprint of the spec is as it was without it."""
BOOT_COPY = "boot-"  # begins the names of a machine's own copies of kernel and initramfs


class DomainType(StrEnum):
    """libvirt's ``<domain type=...>``."""

    KVM = "kvm"
    QEMU = "qemu"  # TCG: emulation
    TEST = "test"  # libvirt's own test driver


@dataclass(frozen=True, slots=True)
class CpuConfig:
    """``mode`` is libvirt's: host-passthrough, host-model, maximum or custom (then ``model`` is its name)."""

    mode: str
    model: str | None = None
    features: tuple[str, ...] = ()  # "+name" or "-name"


@dataclass(frozen=True, slots=True)
class KernelBoot:
    """Direct kernel boot; absolute paths on the host.

    ``copies`` is the folder of the machine's own copies of the two, which are what QEMU is given: libvirt gives these files away,
    and nothing in a definition keeps it from that. None: the files themselves. It is no part of what a guest has.
    """

    kernel: str
    initramfs: str | None = None
    cmdline: str | None = None
    copies: str | None = field(default=None, compare=False)

    def given(self, path: str) -> str:
        """What QEMU is given for the kernel or initramfs at ``path``."""
        return path if self.copies is None else f"{self.copies}/{BOOT_COPY}{path.rpartition('/')[2]}"

    def with_images(self, root: str) -> KernelBoot:
        """As defined, where it names copies below the state folder ``root``: told from their names."""
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
    """A file that a disk leans on."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Of a disk, in a second; reads and writes together. None: as much as there is."""

    bytes: int | None = None
    bytes_burst: int | None = None
    iops: int | None = None
    iops_burst: int | None = None
    others: str = ""  # limits of other kinds, which somebody else set; no spec asks for that


@dataclass(frozen=True, slots=True)
class DiskConfig:
    """One disk or cdrom drive. ``source`` is its identity, for a drive its ``target``.

    ``chain`` and ``shared`` say how its files are opened, and are no part of what a guest has: they are not compared.
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
    rotation_rate: int | None = field(default=None, metadata=LATER)  # 1: an SSD; else turns in a minute
    discard: str | None = field(default=None, metadata=LATER)  # ignore; None: what a guest trims goes back to the host
    limits: LimitsConfig | None = field(default=None, metadata=LATER)
    chain: tuple[BackingFile, ...] | None = field(default=None, compare=False)
    """What it leans on, the next first; empty: nothing. None: what the headers of its files name, which guests may write."""
    shared: bool = field(default=False, compare=False)  # what it is read from stays root's: libvirt gives it to no QEMU


@dataclass(frozen=True, slots=True)
class MovedDisk:
    """Where others put a disk of the machine. It is noted in the machine's folder, since the domain that says it may go."""

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
    """One network card; the MAC is its identity. ``source`` is the network's or bridge's name, empty for user mode."""

    name: str
    kind: str  # network | bridge | user
    source: str
    mac: str
    model: str
    forwards: tuple[ForwardConfig, ...] = ()
    boot_order: int | None = None
    link: bool = True  # False: someone pulled its cable (virsh domif-setlink); no spec asks for that


@dataclass(frozen=True, slots=True)
class VncConfig:
    listen: str
    port: int | None  # None: the next free one
    password: SecretStr | None = None  # None: whoever connects gets in
    password_version: str = ""  # another one after every change of its file; not in the definition, so not compared


@dataclass(frozen=True, slots=True)
class Record:
    """Our own element in the domain's ``<metadata>``: whose domain this is, and what was last applied to it.

    It is written with the definition, so that a decision never rests on our own earlier status.
    """

    uid: str  # of the resource
    namespace: str
    name: str
    instance: str = ""  # of the operator's store: two operators on one host keep apart
    generation: int = 0
    spec_hash: str = ""  # of what was asked for and fully carried out, see planner.changes.spec_hash
    restarted_at: str = ""  # last token carried out
    powered_off_at: str = ""  # last token carried out
    power: str = ""  # last power carried out (runStrategy Manual)
    outcome: str = ""  # how the last run stands, see planner.machine.power
    restarted_for: str = ""  # fingerprint of the changes a restart was last made for (updatePolicy Immediate)
    autostart: str = ""  # last carried out: yes | no (driftPolicy Report)
    boot: str = ""  # of the host, in which the last run was seen (where ``outcome`` says how it stands)
    writer: str = ""  # which run of an operator wrote this, see runtime.machine.rivals
    written_at: str = ""  # when, by its clock (RFC 3339)
    reverted: str = ""  # the run that a snapshot brought, with a record of its time (see planner.machine.revert)


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """The whole definition."""

    name: str
    uuid: str
    type: DomainType
    memory: int  # bytes
    vcpus: int
    machine: str  # q35, pc, or a versioned one such as pc-q35-7.2
    cpu: CpuConfig | None
    uefi: bool = False
    secure_boot: bool = False
    kernel: KernelBoot | None = None
    disks: tuple[DiskConfig, ...] = ()
    nics: tuple[NicConfig, ...] = ()
    video: str | None = None  # None: no video device
    vnc: VncConfig | None = None
    console_log: str | None = None  # file that receives the serial console
    guest_agent: bool = False
    spare_pci_ports: int = 0  # q35: empty root ports, for attaching devices while running; not compared
    record: Record | None = None  # None on a domain that is not ours; not compared
    vcpus_left: int | None = None  # of them, where someone unplugged the others (virsh setvcpus); no spec asks for that

    def with_record(self, record: Record) -> DomainConfig:
        return replace(self, record=record)
