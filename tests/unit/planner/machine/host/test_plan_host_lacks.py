"""What a host lacks is found before starting, and the message says what to do; what runs goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner.allowed import Allowed
from homeostat.planner.domain import DomainType, HostDeviceConfig
from homeostat.planner.machine.host.host_devices import lacking
from homeostat.planner.observed import ObservedPort, PassedDevice
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import changed, machine, running
from tests.unit.world import HOST, World


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        (
            {"resources": {"memory": "64Gi"}},
            "InsufficientMemory",
            "resources.memory is 64Gi, but host local has 8Gi: ask for less, or use another host",
        ),
        (
            {"nics": [{"name": "lan", "network": "lab"}]},
            "NetworkNotActive",
            "start it with `virsh net-start lab`, or name one of: default",
        ),
        (
            {"nics": [{"name": "lan", "network": "labb"}]},
            "NetworkUnknown",
            "nics[lan]: host local has no network 'labb': define it with `virsh net-define`, or name one of: default",
        ),
        ({"nics": [{"name": "lan", "bridge": "br9"}]}, "BridgeMissing", "`ip link add br9 type bridge`), or name one of: br0"),
        (
            {"nics": [{"name": "n", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}]},
            "PortTaken",
            "host port 8080/TCP on 127.0.0.1 is taken by machine other: choose another hostPort",
        ),
        (
            {"display": {"vnc": {"port": 5950}}},
            "PortTaken",
            "display.vnc: port 5950/TCP on 127.0.0.1 is taken by sshd (pid 7): choose another port",
        ),
        (
            {"nics": [{"name": "n", "user": {"forwards": [{"hostPort": 80, "guestPort": 80, "hostAddress": "10.9.9.9"}]}}]},
            "AddressMissing",
            "nics[n]: host port 80/TCP on 10.9.9.9: host local has no address 10.9.9.9: choose one of its own",
        ),
        (
            {"nics": [{"name": "n", "user": {"forwards": [{"hostPort": 80, "guestPort": 80}]}}]},
            "PortForbidden",
            "nics[n]: host port 80/TCP on 127.0.0.1: QEMU may not listen below 1024 on host local: choose another hostPort, or "
            "let it there (`sysctl -w net.ipv4.ip_unprivileged_port_start=80`)",
        ),
        (
            {"resources": {"vcpu": 289}},
            "TooManyVcpus",
            "resources.vcpu is 289, but a machine of type q35 has at most 288 on host local: ask for less",
        ),
        (
            {"resources": {"cpu": {"model": "Skylake-Sever"}}},
            "CpuModelMissing",
            "resources.cpu.model: host local knows no CPU model 'Skylake-Sever'; did you mean Skylake-Server?",
        ),
        (
            {"resources": {"cpu": {"model": "Nonsense"}}},
            "CpuModelMissing",
            "resources.cpu.model: host local knows no CPU model 'Nonsense'; `virsh cpu-models x86_64` lists all",
        ),
        (
            {"resources": {"cpu": {"model": "qemu64", "features": ["avx2", "-vmxx"]}}},
            "CpuFeatureMissing",
            "resources.cpu.features: host local knows no CPU feature 'vmxx'; did you mean vmx?",
        ),
        (
            {"resources": {"cpu": {"features": ["nonsense"]}}},
            "CpuFeatureMissing",
            "resources.cpu.features: host local knows no CPU feature 'nonsense'; leave it out",
        ),
        (
            {"machine": {"version": "99.9"}},
            "MachineTypeMissing",
            "machine.version: host local has no machine type pc-q35-99.9: leave it out, or name one that it has, such as "
            "10.0, 7.2",
        ),
        (
            {"display": {"vnc": {"passwordFile": "/etc/vnc"}}},
            "SecretMissing",
            "/etc/vnc cannot be read: create it with mode 0600",
        ),
        (
            {"tpm": {"version": "1.2"}},
            "TpmMissing",
            "tpm: host local has no swtpm that emulates version 1.2: install it there (Debian: apt install swtpm swtpm-tools",
        ),
        (
            {"nics": [{"name": "own", "tap": {"name": "tap9", "existing": True}}]},
            "TapMissing",
            "nics[own]: host local has no tap 'tap9': make it (`ip tuntap add dev tap9 mode tap`), or leave existing out",
        ),
        (
            {"nics": [{"name": "own", "tap": {"name": "tap1"}}]},
            "TapTaken",
            "nics[own]: tap tap1 is taken by machine other: choose another name",
        ),
        (
            {"qemuArguments": ["-no-hpet"]},
            "QemuArgumentsNotAllowed",
            "qemuArguments: host local takes none: start its operator with --allow-qemu-arguments",
        ),
        (
            {"filesystems": [{"name": "share", "path": "/etc"}]},
            "FolderNotShared",
            "filesystems[share]: host local does not share /etc: start its operator with --share-folder /etc (docs/security.md "
            "says what that allows), or name one of /srv/share",
        ),
        (
            {"filesystems": [{"name": "share", "path": "/srv/share/below"}]},
            "FolderNotShared",
            "host local does not share /srv/share/below",
        ),
        ({"filesystems": [{"name": "share", "path": "/srv/share"}]}, "VirtiofsMissing", "host local has no virtiofs"),
        ({"vsock": {}}, "VsockMissing", "vsock: host local has no /dev/vhost-vsock: load its module there"),
        ({"vsock": {"cid": 7}}, "CidTaken", "vsock: cid 7 is taken by machine other: choose another cid"),
        (
            {"hostDevices": [{"name": "key", "usb": {"vendor": "046d", "product": "c31c"}}]},
            "HostDeviceMissing",
            "hostDevices[key]: host local has 2 usb devices 046d:c31c: say which by its address: 1.4, 1.5",
        ),
        (
            {"hostDevices": [{"name": "key", "usb": {"vendor": "046d", "product": "ffff"}}]},
            "HostDeviceMissing",
            "hostDevices[key]: host local has no usb device 046d:ffff: plug it in, or name one of: 1.4 (046d:c31c), 1.5",
        ),
        (
            {"hostDevices": [{"name": "nic", "pci": {"address": "0000:03:00.0"}}]},
            "HostDeviceMissing",
            "hostDevices[nic]: 0000:03:00.0 is used by host local itself (ixgbe): release it with `virsh nodedev-detach "
            "pci_0000_03_00_0`",
        ),
        (
            {"hostDevices": [{"name": "nic", "pci": {"vendor": "1234", "device": "5678"}}]},
            "HostDeviceMissing",
            "hostDevices[nic]: host local has no pci device 1234:5678: plug it in, or name one of: 0000:03:00.0 (8086:10fb)",
        ),
        (
            {"hostDevices": [{"name": "stick", "usb": {"bus": 1, "device": 4}}]},
            "HostDeviceTaken",
            "hostDevices[stick]: usb 1.4 is taken by machine other: stop that one first",
        ),
        ({"virtualization": "KVM"}, "NoKVM", "virtualization: KVM, but host local has none: use Auto or TCG"),
        ({"resources": {"cpu": {"model": "host-passthrough"}}}, "NoKVM", "needs KVM; without it use maximum"),
    ],
)
def test_it_does_not_start_and_says_what_to_do(spec: dict[str, Any], reason: str, words: str) -> None:
    host = replace(HOST, domain_types=frozenset({DomainType.QEMU}), idle_networks=frozenset({"lab"}))
    types = frozenset({"q35", "pc", "pc-q35-7.2", "pc-q35-10.0", "pc-i440fx-7.2"})
    world = World(
        host=replace(host, max_vcpus={(DomainType.QEMU, "q35"): 288, (DomainType.QEMU, "pc"): 255}, machine_types=types)
    )
    world.host = replace(world.host, cpu_models=frozenset({"qemu64", "Skylake-Server"}))
    world.host = replace(world.host, cpu_features=frozenset({"vmx", "avx2"}))
    world.host = replace(world.host, tpms=frozenset({"2.0"}), taps=frozenset({"tap0"}))
    world.others = {"tcp:127.0.0.1:8080": "machine other", "tap:tap1": "machine other"}
    world.others |= {"cid:7": "machine other", "device:usb 1.4": "machine other"}
    keys = {PassedDevice("usb", f"1.{number}", "046d:c31c") for number in (4, 5)}
    cards = {
        PassedDevice("pci", "0000:03:00.0", "8086:10fb", "ixgbe"),
        PassedDevice("pci", "0000:04:00.0", "8086:10fb", "vfio-pci"),
    }
    allowed = Allowed(host_devices=True, folders=("/srv/share",))
    world.host = replace(world.host, allowed=allowed, virtiofs=False, vsock=False, devices=frozenset(keys | cards))
    world.ports = {"tcp:127.0.0.1:5950": ObservedPort("sshd (pid 7)"), "tcp:10.9.9.9:80": ObservedPort()}
    world.ports["tcp:127.0.0.1:80"] = ObservedPort(lowest=1024)
    plan = Operator(world).settle(machine(**spec))
    assert world.starts == 0
    assert plan.outcome.reason == reason
    assert words in plan.outcome.message


@pytest.mark.parametrize(
    ("plug", "words"),
    [
        ({"bridge": "eth0"}, "nics[lan]: 'eth0' is a device of host local that is no bridge: name one of: br0"),
        ({"tap": {"name": "eth0", "existing": True}}, "nics[lan]: 'eth0' is a device of host local that is no tap: name another"),
        ({"tap": {"name": "eth0"}}, "nics[lan]: 'eth0' is a device of host local that is no tap: name another"),
    ],
)
def test_a_device_of_another_kind_is_not_to_be_made(plug: dict[str, Any], words: str) -> None:
    world = World(host=replace(HOST, taps=frozenset({"tap0"}), links=frozenset({"eth0", "br0", "tap0"})))
    assert Operator(world).settle(machine(nics=[{"name": "lan", **plug}])).outcome.message == words


def test_findings_plan_all_that_is_missing_is_said_not_the_first_alone() -> None:
    nics = [{"name": "a", "network": "none"}, {"name": "b", "bridge": "br9"}, {"name": "c", "network": "lab"}]
    world = World(host=replace(HOST, idle_networks=frozenset({"lab"})))
    outcome = Operator(world).settle(machine(nics=nics, display={"vnc": {"passwordFile": "/no/vnc"}})).outcome
    assert outcome.reason == "NetworkUnknown"
    for words in ("no network 'none'", "no bridge 'br9'", "`virsh net-start lab`", "/no/vnc cannot be read"):
        assert outcome.message.count(words) == 1


@pytest.mark.parametrize("facts", [{"tpms": frozenset({"2.0"}), "taps": frozenset({"tap0"})}, {}])
def test_devices_that_it_has_or_that_nobody_knows_of_are_no_obstacle(facts: dict[str, Any]) -> None:
    world = World(host=replace(HOST, **facts))
    nics = [{"name": "a", "tap": {"name": "tap0", "existing": True}}, {"name": "b", "tap": {"name": "tap1"}}]
    Operator(world).settle(machine(tpm={}, nics=nics))
    assert world.starts == 1


def test_as_many_vcpus_as_a_machine_may_have_are_given() -> None:
    most = {(DomainType.QEMU, "q35"): 288, (DomainType.QEMU, "pc"): 255, (DomainType.KVM, "q35"): 8}
    for limits, spec in ((most, {"vcpu": 288}), ({}, {"vcpu": 512})):
        world = World(host=replace(HOST, domain_types=frozenset({DomainType.QEMU}), max_vcpus=limits))
        Operator(world).settle(machine(resources=spec))
        assert world.starts == 1


@pytest.mark.parametrize("models", [{"qemu64", "EPYC"}, set()], ids=["known", "not known"])
def test_a_cpu_that_libvirt_knows_or_of_which_nothing_is_known(models: set[str]) -> None:
    world = World(host=replace(HOST, domain_types=frozenset({DomainType.QEMU}), cpu_models=frozenset(models)))
    world.host = replace(world.host, cpu_features=frozenset({"vmx", "avx2"} if models else ()))
    Operator(world).settle(machine(resources={"cpu": {"model": "qemu64", "features": ["+avx2", "-vmx"]}}))
    assert world.starts == 1


def test_a_version_that_the_host_has_or_that_the_machine_was_made_with_is_kept() -> None:
    types = frozenset({"q35", "pc-q35-7.2"})
    world = World(host=replace(HOST, domain_types=frozenset({DomainType.QEMU}), machine_types=types))
    operator, pinned = Operator(world), machine(machine={"version": "7.2"})
    operator.settle(pinned)
    world.host = replace(world.host, machine_types=frozenset({"q35", "pc-q35-9.0"}))
    assert isinstance(operator.settle(pinned).outcome, Converged) and world.starts == 1


def test_a_machine_that_runs_is_not_stopped_for_it() -> None:
    world, operator, vm = running(nics=[{"name": "lan", "network": "default"}])
    world.host = replace(HOST, networks=frozenset())
    operator.settle(vm)
    assert world.domain and world.domain.state == "running" and operator.done == []


def test_it_starts_once_the_network_is_there() -> None:
    world = World(host=replace(HOST, networks=frozenset()))
    operator, vm = Operator(world), machine(nics=[{"name": "lan", "network": "default"}])
    operator.settle(vm)
    world.host = HOST
    operator.settle(vm)
    assert world.starts == 1


@pytest.mark.parametrize(
    ("wish", "usable", "kind"),
    [("Auto", True, "kvm"), ("Auto", False, "qemu"), ("KVM", False, "kvm"), ("TCG", True, "qemu")],
)
def test_kvm_is_taken_where_it_is_usable_or_insisted_on(wish: str, usable: bool, kind: str) -> None:
    world = World(host=replace(HOST, kvm_usable=usable))
    Operator(world).settle(machine(virtualization=wish))
    assert world.domain and world.domain.config and world.domain.config.type == kind


def test_arguments_that_are_not_allowed_any_more_are_neither_defined_nor_taken_from_what_runs() -> None:
    world = World(host=replace(HOST, allowed=Allowed(qemu_arguments=True)))
    operator, vm = Operator(world), machine(qemuArguments=["-no-hpet"])
    operator.settle(vm)
    assert world.domain and world.domain.live and world.domain.live.qemu_arguments == ("-no-hpet",)
    operator.done.clear()
    world.host = HOST
    for wanted in (vm, changed(vm, qemuArguments=["-no-acpi"])):
        assert operator.settle(wanted).outcome.reason == "QemuArgumentsNotAllowed"
        assert operator.done == [] and world.domain.state == "running"


def test_a_host_gives_no_device_away_unless_its_operator_allows_it() -> None:
    outcome = Operator(World()).settle(machine(hostDevices=[{"name": "a", "usb": {"bus": 1, "device": 4}}])).outcome
    assert outcome.reason == "HostDevicesNotAllowed" and "start its operator with --allow-host-devices" in outcome.message


def test_a_pci_device_by_what_it_is_keeps_its_place() -> None:
    cards = [PassedDevice("pci", f"0000:0{number}:00.0", "8086:10fb") for number in (3, 4)]
    allowed = replace(HOST, allowed=Allowed(host_devices=True), devices=frozenset(cards[:1]))
    world = World(host=allowed)
    operator, vm = Operator(world), machine(hostDevices=[{"name": "nic", "pci": {"vendor": "8086", "device": "10fb"}}])
    operator.settle(vm)
    assert world.domain and world.domain.live and world.domain.live.host_devices
    assert [device.address for device in world.domain.live.host_devices] == ["0000:03:00.0"]
    operator.done.clear()
    for there, place in ((cards, 3), ([], 3), (cards[1:], 4)):  # another one comes, all are away, only the other is there
        world.host = replace(allowed, devices=frozenset(there))
        operator.settle(vm)
        assert world.domain.config and world.domain.config.host_devices
        assert [device.address for device in world.domain.config.host_devices] == [f"0000:0{place}:00.0"]
    world.host = replace(allowed, devices=frozenset(cards))
    assert operator.settle(changed(vm, restartedAt="now")).outcome.reason == "InSync" and world.starts == 2  # its own is there
    kinds = {PassedDevice("pci", f"0000:0{number}:00.0", "1234:5678") for number in (5, 6)}
    world.host = replace(allowed, devices=frozenset({*cards, *kinds}))
    other = [{"name": "nic", "pci": {"vendor": "1234", "device": "5678"}}]
    assert "has 2 pci devices 1234:5678" in operator.settle(changed(vm, hostDevices=other)).outcome.message


def test_a_mediated_device_by_its_profile() -> None:
    uuid = "11111111-2222-4333-8444-555555555555"
    made = frozenset({PassedDevice("mdev", uuid, "nvidia-11"), PassedDevice("mdev", uuid[:-1] + "6", "nvidia-12")})
    world = World(host=replace(HOST, allowed=Allowed(host_devices=True), devices=made))
    operator, vm = Operator(world), machine(hostDevices=[{"name": "gpu", "mdev": {"profile": "nvidia-11"}}])
    operator.settle(vm)
    assert world.domain and world.domain.live and world.domain.live.host_devices == (HostDeviceConfig("gpu", "mdev", uuid),)
    other = machine(name="other", hostDevices=[{"name": "gpu", "mdev": {"profile": "nvidia-13"}}])
    outcome = Operator(World(host=world.host)).settle(other).outcome
    assert outcome.reason == "HostDeviceMissing" and "host local has no mdev device nvidia-13" in outcome.message


def test_a_device_by_what_it_is_needs_a_host_that_says_what_it_has() -> None:
    world = World(host=replace(HOST, allowed=Allowed(host_devices=True)))
    outcome = Operator(world).settle(machine(hostDevices=[{"name": "gpu", "mdev": {"profile": "nvidia-11"}}])).outcome
    assert outcome.reason == "HostDeviceMissing" and world.starts == 0
    assert outcome.message == "hostDevices[gpu]: host local does not say which devices it has: say which by its place"


@pytest.mark.parametrize("there", [None, True, False])
def test_only_what_is_known_to_be_missing_is_told(there: bool | None) -> None:
    spec = machine(vsock={}, filesystems=[{"name": "share", "path": "/srv/share"}]).spec
    host = replace(HOST, vsock=there, virtiofs=there)
    assert [reason for reason, _ in lacking(spec, host, None)] == (["VsockMissing", "VirtiofsMissing"] if there is False else [])
    assert list(lacking(machine().spec, replace(HOST, vsock=False, virtiofs=False), None)) == []
