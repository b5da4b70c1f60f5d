"""From a spec to the domain that it asks for. Every default is decided here, so that XML and storage hold no policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeostat.models.image_source import ImageFormat
from homeostat.models.machine import SEED_NAME, VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskBus, DiskDevice
from homeostat.models.machine_display import Display
from homeostat.models.machine_hardware import MIB, Virtualization
from homeostat.models.machine_nics import Nic
from homeostat.models.machine_platform import Rng, Smbios
from homeostat.models.qemu_arguments import words_of
from homeostat.models.suggest import nearest

from ..domain import (
    BackingFile,
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
    RngConfig,
    ScsiConfig,
    SharedMemoryConfig,
    SmbiosConfig,
    TpmConfig,
    VncConfig,
    VsockConfig,
    WatchdogConfig,
)
from ..observed import HostFacts, Observed, ObservedImage
from ..plan import Stalled
from .host.host_devices import as_asked, host_device
from .identity import domain_name, domain_uuid, mac_address, machine_directory, path_of_ref
from .storage.disk_source import DiskSource, find_source
from .storage.seed import seed_path
from .storage.storage import boot_ref, image_ref

SPARE_PCI_PORTS = 4  # devices that can be attached to a running q35 machine; each costs a little boot time
_PREFIX = {DiskBus.VIRTIO: "vd", DiskBus.IDE: "hd", DiskBus.SCSI: "sd", DiskBus.SATA: "sd", DiskBus.USB: "sd"}
_CHIPSET = {"q35": "pc-q35", "pc": "pc-i440fx"}
_BY_DEFAULT_ONCE = VncConfig("127.0.0.1")  # what a spec without a word on VNC meant before it meant no port


class CannotPlan(Exception):
    """The spec asks for what this host does not have. ``message`` says what that is, and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def desired_domain(machine: VirtualMachine, observed: Observed) -> DomainConfig:
    """Returns the definition that the spec asks for on this host, with the images where the cache has them.

    What libvirt decided at the first definition (device names, the version of the machine type) stays. So does a name that
    somebody set with ``virsh domrename``: the uuid identifies the domain, and a new definition does not rename it.

    Raises:
        CannotPlan: the host cannot run it.
    """
    spec, host = machine.spec, observed.host
    kind = domain_type(spec.virtualization, host)
    domain = observed.domain
    known = domain.config if domain else None
    test = kind is DomainType.TEST
    resources = spec.resources
    most_memory = max(resources.memory, resources.max_memory or 0)  # one of the two may be a plugin's
    return DomainConfig(
        name=known.name if known else domain_name(machine),
        uuid=domain_uuid(machine.identity),
        type=kind,
        memory=_whole(most_memory),
        vcpus=_vcpus(machine, kind, host),
        machine="" if test else _offered_type(machine, known, host),
        cpu=None if test else _cpu(machine, kind, host),
        uefi=spec.firmware.type == "UEFI",
        secure_boot=spec.firmware.secure_boot,
        kernel=_kernel(machine, observed),
        disks=_disks(machine, observed, known, domain.live if domain else None),
        scsi=_scsi(spec),
        nics=_nics(machine),
        video=None if spec.display.video == "none" else spec.display.video,
        video_memory=spec.display.video_memory,
        sound=spec.sound.model if spec.sound else None,
        watchdog=WatchdogConfig(spec.watchdog.model, spec.watchdog.action.lower()) if spec.watchdog else None,
        tpm=TpmConfig(f"tpm-{spec.tpm.model}", spec.tpm.version) if spec.tpm else None,
        rng=None if spec.rng == Rng() else RngConfig(spec.rng.enabled, spec.rng.bytes_per_second),
        smbios=SmbiosConfig(**spec.smbios.model_dump()) if spec.smbios and spec.smbios != Smbios() else None,
        vsock=VsockConfig(spec.vsock.cid) if spec.vsock else None,
        shared_memory=tuple(SharedMemoryConfig(memory.name, memory.size) for memory in spec.shared_memory) or None,
        filesystems=_filesystems(spec, host),
        host_devices=_host_devices(spec, host, known),
        qemu_arguments=_qemu_arguments(spec, host),
        vnc=_vnc(spec.display, observed),
        console_log=f"{machine_directory(host.storage_root, machine)}/console.log",
        guest_agent=spec.guest_agent.enabled,
        vcpus_left=resources.vcpu if resources.max_vcpu and resources.vcpu < resources.max_vcpu else None,
        vcpus_hotplug=True if resources.max_vcpu else None,
        balloon=_whole(resources.memory) if _whole(resources.memory) < _whole(most_memory) else None,
        spare_pci_ports=SPARE_PCI_PORTS if spec.machine.type == "q35" and not test else 0,
    )


def asked_domain(machine: VirtualMachine, observed: Observed, want: DomainConfig) -> DomainConfig:
    """Returns what is desired, as it would be if there were no domain, and others had put no disk elsewhere. Its host has just
    the devices that are asked for.

    Raises:
        CannotPlan: the host cannot run it.
    """
    asked: dict[str, Any] = {"name": domain_name(machine)}
    if want.machine:
        asked["machine"] = _machine_type(machine, None)
    if want.disks:
        storage = replace(observed.storage, moved=(), moved_problem="", overlays={})
        asked["disks"] = _disks(machine, replace(observed, domain=None, storage=storage), None, None)
    if want.host_devices:
        host = replace(observed.host, devices=as_asked(machine))
        asked["host_devices"] = _host_devices(machine.spec, host, None)
    return want if all(getattr(want, name) == value for name, value in asked.items()) else replace(want, **asked)


def domain_type(wish: Virtualization, host: HostFacts) -> DomainType:
    """Returns KVM where it was found usable, else emulation. The test driver knows one type only."""
    if DomainType.TEST in host.domain_types:
        return DomainType.TEST
    if wish is Virtualization.KVM:
        if DomainType.KVM not in host.domain_types:
            raise CannotPlan("NoKVM", f"virtualization: KVM, but host {host.name} has none: use Auto or TCG, or enable KVM there")
        return DomainType.KVM
    if wish is Virtualization.AUTO and host.kvm_usable and DomainType.KVM in host.domain_types:
        return DomainType.KVM
    return DomainType.QEMU


def _whole(size: int) -> int:
    """Returns the size in whole MiB, as libvirt rounds it for QEMU, so that it compares equal."""
    return -(-size // MIB) * MIB


def _vcpus(machine: VirtualMachine, kind: DomainType, host: HostFacts) -> int:
    resources, chipset = machine.spec.resources, machine.spec.machine.type
    vcpus = max(resources.vcpu, resources.max_vcpu or 0)  # one of the two may be a plugin's
    most = host.max_vcpus.get((kind, chipset), vcpus)
    if vcpus > most:
        field = "resources.maxVcpu" if resources.max_vcpu else "resources.vcpu"
        words = f"{field} is {vcpus}, but a machine of type {chipset} has at most {most} on host {host.name}: ask for less"
        raise CannotPlan("TooManyVcpus", words)
    return vcpus


def _machine_type(machine: VirtualMachine, known: DomainConfig | None) -> str:
    wish = machine.spec.machine
    chipset = _CHIPSET[wish.type]
    if wish.version:
        return f"{chipset}-{wish.version}"
    if known and known.machine.startswith(chipset):
        return known.machine  # as libvirt pinned it at the first definition: a guest's hardware must not change by itself
    return wish.type


def _offered_type(machine: VirtualMachine, known: DomainConfig | None, host: HostFacts) -> str:
    wanted, version = _machine_type(machine, known), machine.spec.machine.version
    kept = known is not None and known.machine == wanted
    if version is None or kept or not host.machine_types or wanted in host.machine_types:
        return wanted
    prefix = f"{_CHIPSET[machine.spec.machine.type]}-"
    there = {name.removeprefix(prefix) for name in host.machine_types if name.startswith(prefix)}
    newest = sorted(there, key=lambda one: [int(part) for part in one.split(".") if part.isdigit()], reverse=True)
    mend = f"leave it out, or name one that it has, such as {', '.join(newest[:4])}" if newest else "leave it out"
    raise CannotPlan("MachineTypeMissing", f"machine.version: host {host.name} has no machine type {wanted}: {mend}")


def _cpu(machine: VirtualMachine, kind: DomainType, host: HostFacts) -> CpuConfig:
    wish = machine.spec.resources.cpu
    features = tuple(f if f[0] in "+-" else f"+{f}" for f in wish.features)
    model = wish.model or ("host-passthrough" if kind is DomainType.KVM else "maximum")
    if kind is not DomainType.KVM and model in ("host-passthrough", "host-model"):
        raise CannotPlan(
            "NoKVM", f"resources.cpu.model: {model} needs KVM; without it use maximum, or a named model such as qemu64"
        )
    for feature in wish.features:
        if host.cpu_features and (name := feature.lstrip("+-")) not in host.cpu_features:
            hint = nearest(name, tuple(sorted(host.cpu_features))) or "; leave it out"
            raise CannotPlan("CpuFeatureMissing", f"resources.cpu.features: host {host.name} knows no CPU feature {name!r}{hint}")
    most = max(machine.spec.resources.vcpu, machine.spec.resources.max_vcpu or 0)
    layout = None if wish.topology is None else (wish.topology.sockets, wish.topology.cores, wish.topology.threads)
    if wish.topology is not None and wish.topology.vcpus != most:  # one of the two is a plugin's
        words = f"resources.cpu.topology makes {wish.topology.vcpus} CPUs, and resources.vcpu is {most}"
        raise CannotPlan("TopologyMismatch", f"{words}: set both")
    if model in ("host-passthrough", "host-model", "maximum"):
        return CpuConfig(model, None, features, layout)
    if host.cpu_models and model not in host.cpu_models:
        hint = nearest(model, tuple(sorted(host.cpu_models))) or "; `virsh cpu-models x86_64` lists all"
        raise CannotPlan("CpuModelMissing", f"resources.cpu.model: host {host.name} knows no CPU model {model!r}{hint}")
    return CpuConfig("custom", model, features, layout)


def _kernel(machine: VirtualMachine, observed: Observed) -> KernelBoot | None:
    boot, images = machine.spec.boot, observed.storage.images
    if boot.kernel is None:
        return None
    initramfs = images[boot_ref(boot.initramfs).key].path if boot.initramfs else None
    copies = machine_directory(observed.host.storage_root, machine) if observed.host.relabels else None
    return KernelBoot(images[boot_ref(boot.kernel).key].path or "", initramfs, boot.cmdline, copies)


def _disks(
    machine: VirtualMachine, observed: Observed, known: DomainConfig | None, live: DomainConfig | None
) -> tuple[DiskConfig, ...]:
    wishes, seed = machine.spec.disks, seed_path(observed.host.storage_root, machine)
    names = [(d.name, _PREFIX[_bus(d, machine)]) for d in wishes]
    targets = _targets([*names, (SEED_NAME, "vd")] if seed else names, known, live)
    disks = tuple(_disk(machine, wish, observed, targets[wish.name]) for wish in wishes)
    if seed is None:
        return disks
    # On virtio, because the kernels of cloud images often lack drivers for emulated cdroms; NoCloud takes any disk.
    return (*disks, DiskConfig(SEED_NAME, "disk", seed, "raw", "virtio", targets[SEED_NAME], read_only=True))


def _disk(machine: VirtualMachine, wish: DiskDevice, observed: Observed, target: str) -> DiskConfig:
    image = observed.storage.images[image_ref(wish.image).key] if wish.image else None
    drive, base = wish.type == "cdrom", _base(machine, wish, observed, image)
    place = DiskSource("") if drive else find_source(machine, wish, observed)
    if isinstance(place, Stalled):
        raise CannotPlan(place.reason, place.message)
    return DiskConfig(
        name=wish.name,
        device=wish.type,
        source=(image.path if image else None) if drive else place.path,
        format=_drive_format(wish) if drive else place.format,
        bus=_bus(wish, machine).value,
        target=target,
        read_only=drive,
        cache=wish.cache,
        io=wish.io,
        serial=wish.serial,
        rotation_rate=wish.rotation_rate,
        discard="ignore" if wish.discard == "ignore" else None,
        limits=_limits(wish),
        io_thread=wish.io_thread or None,
        boot_order=_boot_order(machine, wish.name),
        chain=None if drive else _chain(place, base),
        shared=observed.host.relabels and base is not None and place.active is None,
    )


def _scsi(spec: VirtualMachineSpec) -> ScsiConfig | None:
    return ScsiConfig(spec.scsi.model, spec.scsi.io_thread, spec.scsi.queues) if spec.scsi else None


def _qemu_arguments(spec: VirtualMachineSpec, host: HostFacts) -> tuple[str, ...] | None:
    if spec.qemu_arguments and not host.allowed.qemu_arguments:
        raise CannotPlan(
            "QemuArgumentsNotAllowed",
            f"qemuArguments: host {host.name} takes none: start its operator with --allow-qemu-arguments (docs/security.md says "
            "what that allows), or remove them",
        )
    return words_of(spec.qemu_arguments) or None


def _filesystems(spec: VirtualMachineSpec, host: HostFacts) -> tuple[FilesystemConfig, ...] | None:
    for folder in spec.filesystems:
        if folder.path not in host.allowed.folders:
            others = f"one of {', '.join(host.allowed.folders)}" if host.allowed.folders else "a folder that it has"
            raise CannotPlan(
                "FolderNotShared",
                f"filesystems[{folder.name}]: host {host.name} does not share {folder.path}: start its operator with "
                f"--share-folder {folder.path} (docs/security.md says what that allows), or name {others}",
            )
    return tuple(FilesystemConfig(folder.name, folder.path) for folder in spec.filesystems) or None


def _host_devices(spec: VirtualMachineSpec, host: HostFacts, known: DomainConfig | None) -> tuple[HostDeviceConfig, ...] | None:
    if spec.host_devices and not host.allowed.host_devices:
        raise CannotPlan(
            "HostDevicesNotAllowed",
            f"hostDevices: host {host.name} gives none away: start its operator with --allow-host-devices (docs/security.md says "
            "what that allows), or remove them",
        )
    try:
        return tuple(host_device(wish, host, known) for wish in spec.host_devices) or None
    except LookupError as problem:
        raise CannotPlan("HostDeviceMissing", str(problem)) from None


def _limits(wish: DiskDevice) -> LimitsConfig | None:
    limits = wish.limits
    if limits is None:
        return None
    return LimitsConfig(limits.bytes_per_second, limits.bytes_per_second_burst, limits.iops, limits.iops_burst)


def _base(machine: VirtualMachine, wish: DiskDevice, observed: Observed, image: ObservedImage | None) -> BackingFile | None:
    """Returns the image below a disk, or in a drive. Of a Disk it is what its label says, unless somebody flattened it."""
    if wish.disk_ref is None:
        return BackingFile(image.path, image.format) if image and image.path else None
    found = observed.storage.disks.get(path_of_ref(observed.host.storage_root, machine, wish.disk_ref))
    return found.label.base if found and found.label and found.backing else None


def _chain(place: DiskSource, base: BackingFile | None) -> tuple[BackingFile, ...] | None:
    """Returns what we put below a disk that is where we placed it. None where others put the disk elsewhere."""
    if place.format == "raw":
        return ()
    if place.active is not None:
        return None
    return (base,) if base else ()


def _drive_format(wish: DiskDevice) -> str:
    format = wish.image.format if wish.image else None
    return "raw" if format in (None, ImageFormat.ISO) else str(format)


def _bus(disk: DiskDevice, machine: VirtualMachine) -> DiskBus:
    if disk.bus is not None:
        return disk.bus
    if disk.type == "disk":
        return DiskBus.VIRTIO
    return DiskBus.SATA if machine.spec.machine.type == "q35" else DiskBus.IDE


def _targets(wishes: list[tuple[str, str]], known: DomainConfig | None, live: DomainConfig | None) -> dict[str, str]:
    """Returns the device names. A disk keeps the name that it has, so that removing one disk does not rename the others.

    A new disk gets no name that the running guest still uses: it is to be attached to that guest.
    """
    held = {d.name: d.target for d in known.disks} if known else {}
    # One that was attached, and is not defined yet.
    held = {d.name: d.target for d in live.disks if d.target not in held.values()} | held if live else held
    targets = {name: held[name] for name, prefix in wishes if held.get(name, "").startswith(prefix)}
    taken = set(targets.values()) | ({d.target for d in live.disks} if live else set())
    for name, prefix in wishes:
        if name not in targets:
            targets[name] = next(t for n in range(26 * 27) if (t := prefix + _letters(n)) not in taken)
            taken.add(targets[name])
    return targets


def _letters(number: int) -> str:
    """Returns the letters of a disk's name: 0 -> a, 25 -> z, 26 -> aa."""
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)


def _boot_order(machine: VirtualMachine, device: str) -> int | None:
    """Returns the device's place in the boot order, from 1. Without a given order: the disks, then the cdroms, as they are
    listed; none with a kernel of our own."""
    spec = machine.spec
    if spec.boot.kernel is not None:
        return None
    by_type = sorted(spec.disks, key=lambda d: d.type == "cdrom")
    order = spec.boot.order or tuple(d.name for d in by_type)
    return order.index(device) + 1 if device in order else None


def _nics(machine: VirtualMachine) -> tuple[NicConfig, ...]:
    return tuple(_nic(machine, nic) for nic in machine.spec.nics)


def _nic(machine: VirtualMachine, nic: Nic) -> NicConfig:
    forwards = tuple(
        ForwardConfig(f.host_address, f.host_port, f.guest_port, f.protocol.lower())
        for f in (nic.user.forwards if nic.user else ())
    )
    return NicConfig(
        name=nic.name,
        kind="network" if nic.network or nic.network_ref else "bridge" if nic.bridge else "ethernet" if nic.tap else "user",
        source=nic.network or nic.bridge or (nic.tap.name if nic.tap else nic.network_ref.name if nic.network_ref else ""),
        mac=nic.mac or mac_address(machine.identity, nic.name),
        model=nic.model,
        forwards=forwards,
        boot_order=_boot_order(machine, nic.name),
        queues=nic.queues if nic.queues != 1 else None,  # which libvirt leaves out
        vhost=nic.vhost,
        mtu=nic.mtu,
        existing=(nic.tap is not None and nic.tap.existing) or None,
        down=True if nic.link_state == "Down" else None,
    )


def _vnc(display: Display, observed: Observed) -> VncConfig | None:
    vnc, domain = display.vnc, observed.domain
    if not vnc.enabled:
        return None
    if vnc.listen is None and vnc.address is None and domain and domain.live and domain.live.vnc == _BY_DEFAULT_ONCE:
        return domain.live.vnc  # until it boots again: to take it away would restart the machine
    if vnc.password_file is None:
        return VncConfig(vnc.address, vnc.port)
    if secret := observed.secrets.get(vnc.password_file):
        return VncConfig(vnc.address, vnc.port, secret.value, secret.version)
    # A file that cannot be read removes no password.
    known = domain.config.vnc if domain and domain.config else None
    return VncConfig(vnc.address, vnc.port, known.password if known else None)
