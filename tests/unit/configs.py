"""Domain configurations for tests: some by name, and a hypothesis strategy for any."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from pydantic import SecretStr

from homeostat.planner.domain import (
    CpuConfig,
    DiskConfig,
    DomainConfig,
    DomainType,
    FilesystemConfig,
    ForwardConfig,
    HostDeviceConfig,
    KernelBoot,
    LimitsConfig,
    NicConfig,
    Record,
    RngConfig,
    ScsiConfig,
    SharedMemoryConfig,
    SmbiosConfig,
    TpmConfig,
    VncConfig,
    VsockConfig,
    WatchdogConfig,
)

UUID = "6a3f1c1e-57d5-5b1c-9d2e-0c1d2e3f4a5b"
MACHINE_DIRECTORY = "/var/lib/homeostat/machines/default/web"

PLAIN = DomainConfig(
    name="web",
    uuid=UUID,
    type=DomainType.QEMU,
    memory=512 * 2**20,
    vcpus=1,
    machine="q35",
    cpu=CpuConfig("maximum"),
    disks=(DiskConfig("root", "disk", f"{MACHINE_DIRECTORY}/root.qcow2", "qcow2", "virtio", "vda", boot_order=1),),
    nics=(NicConfig("lan", "network", "default", "52:54:00:12:34:56", "virtio"),),
    video="virtio",
    vnc=VncConfig("127.0.0.1", None),
    console_log=f"{MACHINE_DIRECTORY}/console.log",
    guest_agent=True,
    record=Record("uid-1", "default", "web", "instance-1", 3, "abc"),
)

FORWARDED = replace(
    PLAIN,
    nics=(
        PLAIN.nics[0],
        NicConfig(
            "user", "user", "", "52:54:00:12:34:57", "virtio",
            (ForwardConfig("127.0.0.1", 8022, 22, "tcp"), ForwardConfig("::1", 8053, 53, "udp")),
        ),
        NicConfig("out", "user", "", "52:54:00:12:34:58", "e1000"),
        NicConfig("own", "ethernet", "tap-web", "52:54:00:12:34:59", "virtio", queues=2, vhost=False, mtu=1400),
        NicConfig("made", "ethernet", "tap0", "52:54:00:12:34:5a", "virtio", existing=True),
    ),
)  # fmt: skip

FULL = replace(
    FORWARDED,
    type=DomainType.KVM,
    cpu=CpuConfig("custom", "Skylake-Client", ("+avx2", "-hle"), (1, 2, 2)),
    video="qxl",
    video_memory=2**25,
    sound="hda",
    watchdog=WatchdogConfig("i6300esb", "reset"),
    tpm=TpmConfig("tpm-crb", "2.0"),
    rng=RngConfig(rate=1024),
    smbios=SmbiosConfig("Acme", "Anvil", "1.0", 'S/N <1> & "2"', "A-1", "Anvils", "11111111-2222-4333-8444-555555555555"),
    vsock=VsockConfig(42),
    shared_memory=(SharedMemoryConfig("agent", 2**22),),
    filesystems=(FilesystemConfig("share", "/srv/share"), FilesystemConfig("docs", "/srv/docs")),
    host_devices=(
        HostDeviceConfig("gpu", "pci", "0000:0a:1f.7"),
        HostDeviceConfig("key", "usb", "046d:c31c"),
        HostDeviceConfig("stick", "usb", "1.4"),
        HostDeviceConfig("vgpu", "mdev", "11111111-2222-4333-8444-555555555555", True),
    ),
    qemu_arguments=("-device", "usb-kbd,id=keys", "-no-hpet"),
    uefi=True,
    secure_boot=True,
    vcpus=4,
    spare_pci_ports=4,
    scsi=ScsiConfig("virtio-scsi", True, 4),
    disks=(
        replace(PLAIN.disks[0], io_thread=True),
        DiskConfig(
            "bulk",
            "disk",
            "/srv/bulk.raw",
            "raw",
            "scsi",
            "sda",
            cache="none",
            io="native",
            serial="BULK1",
            rotation_rate=7200,
            discard="ignore",
            limits=LimitsConfig(15_000_000, 25_000_000, 1000, 1500),
        ),
        DiskConfig("installer", "cdrom", "/srv/debian.iso", "raw", "sata", "sdb", read_only=True, boot_order=2),
        DiskConfig("empty", "cdrom", None, "raw", "sata", "sdc", read_only=True),
    ),
    vnc=VncConfig("0.0.0.0", 5901, SecretStr("secret")),
)

KERNEL = replace(
    PLAIN,
    machine="pc",
    kernel=KernelBoot("/images/vmlinuz", "/images/initrd.img", 'console=ttyS0 quiet x="<&>"'),
    disks=(),
    video=None,
    vnc=None,
    guest_agent=False,
    cpu=None,
)

GOLDEN = {"plain": PLAIN, "forwarded": FORWARDED, "full": FULL, "kernel": KERNEL}

# Everything XML 1.0 can carry on one line; what it cannot is refused when building.
_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
_NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
_PATH = st.builds("/{}".format, _TEXT)
_MAC = st.builds("52:54:00:{:02x}:{:02x}:{:02x}".format, *[st.integers(0, 255)] * 3)
_ADDRESS = st.sampled_from(["127.0.0.1", "0.0.0.0", "192.168.122.1", "::1", "fe80::1"])
_PORT = st.integers(1, 65535)
_ORDER = st.none() | st.integers(1, 20)


def _disk(name: str, device: str, source: str | None, read_only: bool, **rest: object) -> DiskConfig:
    cdrom = device == "cdrom"
    path = source if cdrom else source or "/srv/x"
    return DiskConfig(name=name, device=device, source=path, read_only=read_only or cdrom, **rest)  # type: ignore[arg-type]


_RATE = st.none() | st.integers(1, 10**15)
_LIMITS = st.builds(LimitsConfig, _RATE, _RATE, _RATE, _RATE).filter(lambda limits: limits != LimitsConfig())
_DISKS = st.builds(
    _disk,
    name=_NAME,
    device=st.sampled_from(["disk", "cdrom"]),
    source=st.none() | _PATH,
    format=st.sampled_from(["raw", "qcow2"]),
    bus=st.sampled_from(["virtio", "scsi", "sata", "ide", "usb"]),
    target=st.from_regex(r"[vsh]d[a-z]", fullmatch=True),
    read_only=st.booleans(),
    cache=st.none() | st.sampled_from(["none", "writeback", "unsafe"]),
    io=st.none() | st.sampled_from(["native", "threads", "io_uring"]),
    serial=st.none() | st.from_regex(r"[A-Za-z0-9_.+-]{1,20}", fullmatch=True),
    boot_order=_ORDER,
    rotation_rate=st.none() | st.integers(1, 65534),
    limits=st.none() | _LIMITS,
    io_thread=st.none() | st.just(True),
)
_FORWARDS = st.builds(ForwardConfig, _ADDRESS, _PORT, _PORT, st.sampled_from(["tcp", "udp"]))
_MODELS = st.sampled_from(["virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci"])
_NICS = st.one_of(
    st.builds(
        NicConfig, _NAME, st.sampled_from(["network", "bridge"]), _TEXT, _MAC, _MODELS, st.just(()), _ORDER
    ),
    st.builds(
        NicConfig, _NAME, st.sampled_from(["network", "ethernet"]), _TEXT, _MAC, st.just("virtio"), st.just(()), _ORDER,
        queues=st.none() | st.integers(1, 256), vhost=st.none() | st.booleans(), mtu=st.none() | st.integers(68, 65535),
    ),
    st.builds(
        NicConfig, _NAME, st.just("ethernet"), _TEXT, _MAC, _MODELS, existing=st.none() | st.just(True)
    ),
    st.builds(
        NicConfig, _NAME, st.just("user"), st.just(""), _MAC, _MODELS, st.lists(_FORWARDS, max_size=3).map(tuple), _ORDER
    ),
)  # fmt: skip
_FEATURES = st.lists(st.from_regex(r"[+-][a-z0-9][a-z0-9_.]{0,10}", fullmatch=True), max_size=4).map(tuple)
_LAYOUTS = st.none() | st.tuples(*[st.integers(1, 512)] * 3)
_CPUS = st.builds(CpuConfig, st.sampled_from(["maximum", "host-model"]), st.none(), _FEATURES, _LAYOUTS) | st.builds(
    CpuConfig, st.just("custom"), _NAME, _FEATURES, _LAYOUTS
)
_DOGS = st.builds(WatchdogConfig, st.sampled_from(["i6300esb", "ib700"]), st.sampled_from(["reset", "shutdown", "poweroff"]))
_CONTROLLERS = st.builds(ScsiConfig, st.just("virtio-scsi"), st.booleans(), st.none() | st.integers(1, 256)) | st.just(
    ScsiConfig("lsilogic")
)
_TPMS = st.builds(TpmConfig, st.sampled_from(["tpm-tis", "tpm-crb"]), st.sampled_from(["1.2", "2.0"]))
_RNGS = st.just(RngConfig(enabled=False)) | st.builds(RngConfig, st.just(True), st.integers(1, 2**31 - 1))
_ENTRY = st.none() | st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
_SMBIOS = st.builds(SmbiosConfig, *[_ENTRY] * 6, st.none() | st.uuids().map(str)).filter(lambda smbios: smbios != SmbiosConfig())
_SHARED = st.lists(
    st.builds(SharedMemoryConfig, _NAME, st.sampled_from([2**20, 2**34])), min_size=1, max_size=2, unique_by=lambda m: m.name
)
_FOLDERS = st.lists(st.builds(FilesystemConfig, _NAME, _PATH), min_size=1, max_size=2, unique_by=lambda f: f.name)
_PLACES = st.builds("{:04x}:{:02x}:{:02x}.{}".format, *[st.integers(0, n) for n in (2**16 - 1, 255, 31, 7)])
_PASSED = st.one_of(
    st.builds(HostDeviceConfig, _NAME, st.just("pci"), _PLACES),
    st.builds(HostDeviceConfig, _NAME, st.just("usb"), st.from_regex(r"[1-9]\.[1-9]|[0-9a-f]{4}:[0-9a-f]{4}", fullmatch=True)),
    st.builds(HostDeviceConfig, _NAME, st.just("mdev"), st.uuids().map(str), st.booleans()),
)
_RECORDS = st.builds(Record, _TEXT, _TEXT, _TEXT, _TEXT | st.just(""), st.integers(0, 10**9), *[_TEXT | st.just("")] * 5)
_KERNELS = st.builds(KernelBoot, _PATH, st.none() | _PATH, st.none() | _TEXT)


@st.composite
def domain_configs(draw: st.DrawFn) -> DomainConfig:
    uefi = draw(st.booleans())
    machine = draw(st.sampled_from(["q35", "pc", "pc-q35-7.2"]))
    disks = tuple(draw(st.lists(_DISKS, max_size=4)))
    scsi = draw(st.none() | _CONTROLLERS)
    if scsi == ScsiConfig() and any(disk.bus == "scsi" for disk in disks):
        scsi = None  # it is the same
    return DomainConfig(
        name=draw(_NAME),
        uuid=str(draw(st.uuids())),
        type=draw(st.sampled_from(DomainType)),
        memory=draw(st.integers(16 * 1024, 2**32)) * 1024,
        vcpus=draw(st.integers(1, 512)),
        machine=machine,
        cpu=draw(st.none() | _CPUS),
        uefi=uefi,
        secure_boot=uefi and draw(st.booleans()),
        kernel=draw(st.none() | _KERNELS),
        disks=disks,
        scsi=scsi,
        nics=tuple(draw(st.lists(_NICS, max_size=4))),
        video=draw(st.none() | st.sampled_from(["virtio", "vga", "qxl"])),
        video_memory=draw(st.none() | st.sampled_from([2**20, 2**28])),
        sound=draw(st.none() | st.sampled_from(["hda", "ac97", "sb16"])),
        watchdog=draw(st.none() | _DOGS),
        tpm=draw(st.none() | _TPMS),
        rng=draw(st.none() | _RNGS),
        smbios=draw(st.none() | _SMBIOS),
        vsock=draw(st.none() | st.builds(VsockConfig, st.none() | st.integers(3, 2**32 - 2))),
        shared_memory=draw(st.none() | _SHARED.map(tuple)) if "q35" in machine else None,
        filesystems=draw(st.none() | _FOLDERS.map(tuple)),
        host_devices=draw(st.none() | st.lists(_PASSED, min_size=1, max_size=3, unique_by=lambda d: d.name).map(tuple)),
        qemu_arguments=draw(st.none() | st.lists(_TEXT, min_size=1, max_size=4).map(tuple)),
        vnc=draw(st.none() | st.just(VncConfig(None)) | st.builds(VncConfig, _ADDRESS, st.none() | st.integers(5900, 65535))),
        console_log=draw(st.none() | _PATH),
        guest_agent=draw(st.booleans()),
        spare_pci_ports=draw(st.integers(0, 4)) if "q35" in machine else 0,
        record=draw(st.none() | _RECORDS),
    )
