"""A running q35 machine has four free PCI ports: a device beyond that waits for a restart, which is said beforehand.

The simulated libvirt refuses what it has no port for, as the real one does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner import actions as act
from homeostat.planner.changes.hotplug import NO_PORT, plugged, unplugged_nic
from homeostat.planner.changes.why import reason_of
from homeostat.planner.domain import DiskConfig, NicConfig
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.plan import Converged
from tests.unit.configs import PLAIN
from tests.unit.machines import changed, running

NICS = [{"name": name, "network": "default"} for name in ("lan", "dmz")]


def disks(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"d{number}", "size": "1Gi", **more} for number in range(count)]


def disk(name: str, bus: str) -> DiskConfig:
    return DiskConfig(name, "disk", f"/{name}", "qcow2", bus, f"x{name}")


def nic(name: str, model: str) -> NicConfig:
    return NicConfig(name=name, kind="network", source="default", mac=name, model=model)


def attached(operator: Any) -> list[str]:
    devices = [
        a.disk if isinstance(a, act.AttachDisk) else a.nic for a in operator.done if isinstance(a, act.AttachDisk | act.AttachNic)
    ]
    return [device.name for device in devices]


def test_findings_cloudinit_the_fifth_disk_waits_for_a_restart_and_plan_says_so() -> None:
    world, operator, vm = running(nics=NICS, disks=disks(1))
    vm = changed(vm, disks=disks(7))
    whole = foresee(vm, world.observe(vm, operator.memory), 0.0, {})
    assert {c.field: c.disruption.word for c in whole.changes} == {
        f"disks[d{number}]": "Live" if number < 5 else "NeedsRestart" for number in range(1, 7)
    }
    plan = operator.settle(vm)
    assert attached(operator) == ["d1", "d2", "d3", "d4"] and isinstance(plan.outcome, Converged)
    assert [a.disk.name for a in whole.actions if isinstance(a, act.AttachDisk)] == attached(operator)
    for told in (plan, whole):
        assert [(c.field, c.disruption.word) for c in told.pending] == [
            ("disks[d5]", "NeedsRestart"),
            ("disks[d6]", "NeedsRestart"),
        ]
        assert told.pending[0].new == NO_PORT and reason_of(told.pending[0]).startswith(
            "all PCI ports of the running machine are taken"
        )


def test_a_restart_brings_it_with_four_free_ports_again() -> None:
    world, operator, vm = running(disks=disks(1))
    operator.settle(changed(vm, disks=disks(6)))
    vm = changed(vm, disks=disks(6), restartedAt="now")
    assert operator.settle(vm).pending == () and world.starts == 2
    assert operator.settle(changed(vm, disks=disks(10))).pending == ()


def test_with_update_policy_immediate_it_is_restarted_for_it() -> None:
    world, operator, vm = running(disks=disks(1), updatePolicy="Immediate")
    assert operator.settle(changed(vm, disks=disks(6))).pending == ()
    assert world.starts == 2


@pytest.mark.parametrize(
    ("spec", "more", "left"),
    [
        ({"machine": {"type": "pc"}}, {}, 0),  # its slots are many, and nobody counts them
        ({}, {"bus": "usb"}, 0),
        ({"scsi": {}}, {"bus": "scsi"}, 0),  # one controller takes them all
        ({}, {"bus": "scsi"}, 6),  # and only a start brings one
        ({}, {"bus": "virtio"}, 2),
    ],
)
def test_only_what_takes_a_port_is_counted(spec: dict[str, Any], more: dict[str, Any], left: int) -> None:
    _, operator, vm = running(disks=disks(1), **spec)
    plan = operator.settle(changed(vm, disks=[*disks(1), *disks(7, **more)[1:]]))
    assert len(plan.pending) == left


def test_nics_and_disks_share_the_ports_and_a_nic_that_goes_frees_its_own() -> None:
    _, operator, vm = running(nics=NICS[:1], disks=disks(1))
    plan = operator.settle(changed(vm, nics=NICS, disks=disks(5)))
    assert [c.field for c in plan.pending] == ["nics[dmz]"]
    plan = operator.settle(changed(vm, nics=NICS[1:], disks=disks(5)))
    assert plan.pending == () and attached(operator)[-1] == "dmz"


def test_what_waits_for_a_restart_anyway_takes_no_port() -> None:
    """A disk whose device name is still in use, a cdrom, a nic in user mode."""
    _, operator, vm = running(disks=disks(1))
    others = [{"name": "dvd", "type": "cdrom"}, {"name": "ide", "size": "1Gi", "bus": "sata"}]
    plan = operator.settle(changed(vm, disks=[*others, *disks(5)], nics=[{"name": "out", "user": {}}]))
    assert {c.field: c.new for c in plan.pending} == {"disks[dvd]": "added", "disks[ide]": "added", "nics[out]": "added"}
    assert attached(operator) == ["d1", "d2", "d3", "d4"]


@pytest.mark.parametrize(
    ("device", "before", "after"),
    [
        (disk("a", "virtio"), 2, 1),
        (disk("a", "usb"), 2, 2),
        (disk("a", "scsi"), 2, 2),
        (nic("a", "virtio"), 2, 1),
        (nic("a", "e1000e"), 2, 1),
        (nic("a", "rtl8139"), 2, 2),
        (disk("a", "virtio"), 0, 0),
    ],
)
def test_a_device_takes_its_port_along(device: DiskConfig | NicConfig, before: int, after: int) -> None:
    live = replace(PLAIN, disks=(disk("v", "virtio"),), nics=(), spare_pci_ports=before)
    assert plugged(device, live).spare_pci_ports == after
    assert device in (*plugged(device, live).disks, *plugged(device, live).nics)


def test_a_second_scsi_disk_is_on_the_controller_of_the_first() -> None:
    live = replace(PLAIN, disks=(disk("v", "virtio"), disk("s", "scsi")), spare_pci_ports=1)
    assert plugged(disk("t", "scsi"), live).spare_pci_ports == 1


def test_a_nic_gives_its_port_back() -> None:
    live = replace(PLAIN, nics=(nic("a", "virtio"), nic("b", "rtl8139"), nic("c", "virtio")), spare_pci_ports=1)
    for name, left in (("a", 2), ("b", 1), ("gone", 1)):
        after = unplugged_nic(name, live)
        assert after.spare_pci_ports == left and [n.name for n in after.nics] == [n for n in "abc" if n != name]
