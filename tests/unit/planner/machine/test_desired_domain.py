"""What a spec becomes as a definition: each field of it, on each kind of host, and what is kept of an earlier definition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import CpuConfig, DomainConfig, DomainType, RngConfig, ScsiConfig, SmbiosConfig, TpmConfig
from homeostat.planner.machine.desired import CannotPlan, asked_domain, desired_domain
from homeostat.planner.observed import HostFacts, RememberedActs, Secret
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, machine
from tests.unit.world import HOST, World

KVM = replace(HOST, kvm_usable=True)
TEST = replace(HOST, domain_types=frozenset({DomainType.TEST}))
NO_KVM = replace(HOST, domain_types=frozenset({DomainType.QEMU}))


def desired(vm: VirtualMachine, world: World | None = None) -> DomainConfig:
    world = world or World()
    return desired_domain(vm, world.observe(vm, RememberedActs()))


def on(host: HostFacts, **spec: Any) -> DomainConfig:
    return desired(machine(**spec), World(host=host))


def settled(**spec: Any) -> tuple[World, VirtualMachine]:
    world, vm = World(), machine(**spec)
    Operator(world).settle(vm)
    return world, vm


# What it is emulated by


@pytest.mark.parametrize(
    ("host", "wish", "kind"),
    [
        (HOST, "Auto", DomainType.QEMU),
        (KVM, "Auto", DomainType.KVM),
        (KVM, "TCG", DomainType.QEMU),
        (HOST, "KVM", DomainType.KVM),
        (replace(NO_KVM, kvm_usable=True), "Auto", DomainType.QEMU),
        (TEST, "KVM", DomainType.TEST),
        (TEST, "Auto", DomainType.TEST),
    ],
)
def test_kvm_where_it_is_usable_or_asked_for(host: HostFacts, wish: str, kind: DomainType) -> None:
    assert on(host, virtualization=wish).type == kind


def test_kvm_that_is_not_there_is_refused() -> None:
    with pytest.raises(CannotPlan) as refused:
        on(NO_KVM, virtualization="KVM")
    assert refused.value.reason == "NoKVM" and "local" in refused.value.message


@pytest.mark.parametrize(
    ("host", "cpu", "config"),
    [
        (HOST, {}, CpuConfig("maximum", None, ())),
        (KVM, {}, CpuConfig("host-passthrough", None, ())),
        (KVM, {"model": "host-model"}, CpuConfig("host-model", None, ())),
        (KVM, {"model": "maximum"}, CpuConfig("maximum", None, ())),
        (HOST, {"model": "qemu64", "features": ["aes", "-svm", "+vmx"]}, CpuConfig("custom", "qemu64", ("+aes", "-svm", "+vmx"))),
        (KVM, {"model": "Haswell"}, CpuConfig("custom", "Haswell", ())),
        (TEST, {"model": "qemu64"}, None),
    ],
)
def test_the_cpu(host: HostFacts, cpu: dict[str, Any], config: CpuConfig | None) -> None:
    assert on(host, resources={"cpu": cpu}).cpu == config


@pytest.mark.parametrize("model", ["host-passthrough", "host-model"])
def test_a_cpu_that_needs_kvm_is_refused_without(model: str) -> None:
    with pytest.raises(CannotPlan, match=model):
        on(HOST, resources={"cpu": {"model": model}})


# Its hardware


@pytest.mark.parametrize(
    ("nic", "kind", "source"),
    [
        ({"network": "default"}, "network", "default"),
        ({"networkRef": {"name": "lan"}}, "network", "lan"),
        ({"bridge": "br0"}, "bridge", "br0"),
        ({"tap": {"name": "tap0"}}, "ethernet", "tap0"),
        ({"user": {}}, "user", ""),
    ],
)
def test_what_a_nic_is_plugged_into(nic: dict[str, Any], kind: str, source: str) -> None:
    (made,) = on(HOST, nics=[{"name": "lan", **nic}]).nics
    assert (made.kind, made.source) == (kind, source)


@pytest.mark.parametrize(
    ("spec", "kind", "ports"),
    [
        ({}, "q35", True),
        ({"machine": {"type": "pc"}}, "pc", False),
        ({"machine": {"type": "q35", "version": "6.2"}}, "pc-q35-6.2", True),
        ({"machine": {"type": "pc", "version": "6.2"}}, "pc-i440fx-6.2", False),
    ],
)
def test_the_machine_type_and_room_for_devices_to_come(spec: dict[str, Any], kind: str, ports: bool) -> None:
    made = on(HOST, **spec)
    assert made.machine == kind and bool(made.spare_pci_ports) is ports
    assert (on(TEST, **spec).machine, on(TEST, **spec).spare_pci_ports) == ("", 0)


def test_a_machine_keeps_the_version_it_was_first_defined_with_until_it_asks_for_another() -> None:
    world, vm = settled()
    assert desired(vm, world).machine == "pc-q35-7.2"
    assert desired(changed(vm, machine={"type": "pc"}), world).machine == "pc"
    assert desired(changed(vm, machine={"version": "6.2"}), world).machine == "pc-q35-6.2"


def test_memory_is_whole_mebibytes_and_never_less() -> None:
    mib = 2**20
    for asked, given in ((512 * mib, 512), (512 * mib + 1, 513), (513 * mib - 1, 513)):
        assert on(HOST, resources={"memory": str(asked)}).memory == given * mib


def test_firmware_display_and_agent() -> None:
    plain = on(HOST)
    assert (plain.uefi, plain.secure_boot, plain.guest_agent) == (False, False, machine().spec.guest_agent.enabled)
    made = on(HOST, firmware={"type": "UEFI", "secureBoot": True}, display={"video": "none"}, guestAgent={"enabled": False})
    assert (made.uefi, made.secure_boot, made.video, made.guest_agent) == (True, True, None, False)
    assert on(HOST, guestAgent={"enabled": True}).guest_agent
    assert made.console_log == "/state/machines/default/web/console.log"


# Its disks


def drive(made: DomainConfig, name: str) -> Any:
    return next(disk for disk in made.disks if disk.name == name)


def test_each_kind_of_disk_is_on_its_bus_and_has_a_name_of_its_own() -> None:
    disks = [
        {"name": "a", "size": "1Gi"},
        {"name": "b", "size": "1Gi", "bus": "scsi"},
        {"name": "c", "size": "1Gi"},
        {"name": "iso", "type": "cdrom"},
        {"name": "d", "size": "1Gi", "bus": "usb"},
    ]
    made = on(HOST, disks=disks)
    assert {d.name: (d.bus, d.target) for d in made.disks} == {
        "a": ("virtio", "vda"),
        "b": ("scsi", "sda"),
        "c": ("virtio", "vdb"),
        "iso": ("sata", "sdb"),
        "d": ("usb", "sdc"),
    }
    assert drive(on(HOST, disks=disks, machine={"type": "pc"}), "iso").bus == "ide"
    assert {d.name for d in made.disks if d.read_only} == {"iso"}
    assert drive(made, "iso").source is None and drive(made, "a").format == "qcow2"


def test_twenty_seven_disks_have_names() -> None:
    made = on(HOST, disks=[{"name": f"d{n}", "size": "1Gi"} for n in range(28)])
    assert [disk.target for disk in made.disks][-3:] == ["vdz", "vdaa", "vdab"]


def test_disks_keep_their_names_as_others_go_and_come() -> None:
    disks = [{"name": name, "size": "1Gi"} for name in "abc"]
    world, vm = settled(disks=disks)
    left = changed(vm, disks=[disks[2], {"name": "new", "size": "1Gi"}])
    assert {d.name: d.target for d in desired(left, world).disks} == {"c": "vdc", "new": "vdd"}  # a and b are in use still
    world.destroy()
    assert {d.name: d.target for d in desired(left, world).disks} == {"c": "vdc", "new": "vda"}
    moved = changed(vm, disks=[{**disks[0], "bus": "scsi"}, *disks[1:]])
    assert drive(desired(moved, world), "a").target == "sda"


def test_the_seed_is_a_read_only_disk_after_the_others() -> None:
    made = on(HOST, disks=[{"name": "root", "size": "1Gi"}], cloudInit={"userData": "#cloud-config\n"})
    seed = made.disks[-1]
    assert (seed.read_only, seed.format, seed.bus, seed.target, seed.boot_order) == (True, "raw", "virtio", "vdb", None)
    assert len(on(HOST, disks=[{"name": "root", "size": "1Gi"}]).disks) == 1


@pytest.mark.parametrize(
    ("boot", "order"),
    [
        ({}, {"iso": 3, "root": 1, "data": 2, "lan": None}),
        ({"order": ["lan", "iso"]}, {"iso": 2, "root": None, "data": None, "lan": 1}),
        ({"kernel": IMAGE}, dict.fromkeys(("iso", "root", "data", "lan"))),
    ],
)
def test_the_order_of_booting(boot: dict[str, Any], order: dict[str, int | None]) -> None:
    disks = [{"name": "iso", "type": "cdrom"}, {"name": "root", "size": "1Gi"}, {"name": "data", "size": "1Gi"}]
    vm = machine(disks=disks, nics=[{"name": "lan", "network": "default"}], boot=boot)
    world = World()
    Operator(world).settle(vm)
    made = desired(vm, world)
    assert {device.name: device.boot_order for device in (*made.disks, *made.nics)} == order


def test_a_kernel_of_its_own() -> None:
    vm = machine(boot={"kernel": {"url": "https://example.org/vmlinuz"}, "initramfs": IMAGE, "cmdline": "quiet"})
    world = World()
    Operator(world).settle(vm)
    kernel = desired(vm, world).kernel
    assert kernel is not None and kernel.cmdline == "quiet"
    assert kernel.kernel.startswith("/state/images/") and kernel.initramfs and kernel.initramfs != kernel.kernel


# Its network cards and its screen


def test_network_cards() -> None:
    forward = {"hostPort": 8080, "guestPort": 80, "protocol": "UDP", "hostAddress": "127.0.0.1"}
    nics = [
        {"name": "a", "network": "default", "mac": "52:54:00:00:00:01"},
        {"name": "b", "bridge": "br0", "model": "e1000"},
        {"name": "c", "user": {"forwards": [forward]}},
        {"name": "d", "user": {}},
    ]
    made = {nic.name: nic for nic in on(HOST, nics=nics).nics}
    assert [(nic.kind, nic.source) for nic in made.values()] == [
        ("network", "default"),
        ("bridge", "br0"),
        ("user", ""),
        ("user", ""),
    ]
    assert made["a"].mac == "52:54:00:00:00:01" and made["b"].model == "e1000" and len({nic.mac for nic in made.values()}) == 4
    (given,) = made["c"].forwards
    assert (given.host_address, given.host_port, given.guest_port, given.protocol) == ("127.0.0.1", 8080, 80, "udp")
    assert made["d"].forwards == ()


def test_a_password_file_that_cannot_be_read_takes_no_password_away() -> None:
    vm = machine(display={"vnc": {"enabled": True, "passwordFile": "/secret"}})
    world = World(secrets={"/secret": Secret(SecretStr("word"), "v1")})
    Operator(world).settle(vm)
    first = desired(vm, world).vnc
    assert first is not None and first.password is not None and first.password.get_secret_value() == "word"
    world.secrets = {}
    assert (kept := desired(vm, world).vnc) is not None and kept.password == first.password
    assert (none := desired(vm).vnc) is not None and none.password is None
    off = changed(vm, display={"vnc": {"enabled": False}})
    assert desired(off, world).vnc is None
    Operator(world).settle(off)
    again = desired(vm, world).vnc
    assert again is not None and again.password is None  # the definition has no screen to keep one of


# Devices


def test_devices_of_which_there_is_one_at_most() -> None:
    found = on(HOST, tpm={"version": "1.2"}, rng={"bytesPerSecond": "1Ki"}, smbios={"serial": "S-1"}, scsi={"queues": 2})
    assert (found.tpm, found.rng) == (TpmConfig("tpm-tis", "1.2"), RngConfig(True, 1024))
    assert (found.smbios, found.scsi) == (SmbiosConfig(serial="S-1"), ScsiConfig(queues=2))
    usual = on(HOST, rng={"enabled": True}, smbios={})
    assert (usual.tpm, usual.rng, usual.smbios, usual.scsi) == (None, None, None, None)
    assert on(HOST, rng={"enabled": False}).rng == RngConfig(enabled=False)


def test_nics_on_taps() -> None:
    nics = [{"name": "a", "tap": {"name": "tap0"}, "queues": 2, "vhost": False, "mtu": 1400}]
    a, b = on(HOST, nics=[*nics, {"name": "b", "tap": {"name": "tap1", "existing": True}}]).nics
    assert (a.kind, a.source, a.queues, a.vhost, a.mtu, a.existing) == ("ethernet", "tap0", 2, False, 1400, None)
    assert (b.kind, b.source, b.queues, b.vhost, b.mtu, b.existing) == ("ethernet", "tap1", None, None, None, True)


def test_one_queue_of_a_nic_is_what_it_has_anyway() -> None:
    """libvirt drops it from the definition, which would differ for ever."""
    (nic,) = on(HOST, nics=[{"name": "a", "network": "default", "queues": 1}]).nics
    assert nic.queues is None


def test_a_disk_with_a_thread_of_its_own() -> None:
    fast, plain = on(HOST, disks=[{"name": "fast", "size": "1Gi", "ioThread": True}, {"name": "plain", "size": "1Gi"}]).disks
    assert (fast.io_thread, plain.io_thread) == (True, None)


# What was asked for


def _asked_again(vm: VirtualMachine, world: World) -> tuple[DomainConfig, DomainConfig]:
    observed = world.observe(vm, RememberedActs())
    assert observed.domain is not None
    return desired_domain(vm, observed), asked_domain(vm, observed, desired_domain(vm, observed))


@pytest.mark.parametrize("known", [{"name": "renamed"}, {"machine": "pc-q35-7.2"}, {"disks": "vdz"}])
def test_what_others_and_libvirt_decided_was_not_asked_for(known: dict[str, str]) -> None:
    disks = [{"name": "root", "size": "10Gi"}, {"name": "data", "size": "1Gi"}]
    first = desired(machine(disks=disks))
    world, vm = settled(disks=disks)
    assert world.domain and world.domain.config
    if target := known.get("disks"):
        moved = (replace(world.domain.config.disks[0], target=target), *world.domain.config.disks[1:])
        world.domain.config = replace(world.domain.config, disks=moved)
    else:
        world.edit(**known)
    wanted, asked = _asked_again(vm, world)
    assert wanted != first and asked == first


def test_a_disk_that_others_moved_was_asked_for_where_it_was() -> None:
    world, vm = settled(disks=[{"name": "root", "size": "10Gi"}])
    _, before = _asked_again(vm, world)
    world.snapshot("root", "/elsewhere/overlay.qcow2")
    wanted, asked = _asked_again(vm, world)
    assert wanted.disks != before.disks and asked.disks == before.disks
