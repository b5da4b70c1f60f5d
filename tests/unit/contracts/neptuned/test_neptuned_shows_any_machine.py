"""A machine that was made elsewhere is shown as far as the device model has words for it, and what nobody changes of it stays."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat_contracts.neptuned.entries import DEVICES, entry_of, notes, shown
from homeostat_contracts.neptuned.specs import difference, spec_of
from homeostat_contracts.neptuned.words.machines import MachineEntry

SPEC: dict[str, Any] = {
    "resources": {"vcpu": 2, "memory": "256Mi", "cpu": {"model": "host-passthrough", "features": ["-sse4.1"]}},
    "machine": {"type": "q35", "version": "7.2"},
    "disks": [
        {"name": "root", "image": {"imageRef": {"name": "debian"}}, "size": "4Gi", "ioThread": True},
        {"name": "data", "diskRef": {"name": "data"}, "bus": "scsi", "rotationRate": 1, "limits": {"iops": 5}},
        {"name": "blank", "size": "1Gi", "bus": "usb"},
        {"name": "cd", "type": "cdrom", "image": {"url": "http://example.com/a.iso", "format": "iso"}},
    ],
    "scsi": {"model": "lsilogic"},
    "sound": {"model": "sb16"},
    "nics": [{"name": "lan", "bridge": "br0"}, {"name": "tap", "tap": {"name": "tap7"}, "mac": "52:54:00:00:00:01"}],
    "display": {"video": "qxl", "videoMemory": "32Mi"},
    "qemuArguments": ["-fw_cfg name=opt/x,string=y"],
}


def machine(**metadata: Any) -> VirtualMachine:
    return VirtualMachine.model_validate({"metadata": {"name": "web", **metadata}, "spec": SPEC})


def test_every_device_is_shown() -> None:
    devices = entry_of(machine())["qemu_devices"]
    assert devices == [
        {"id": "cpu", "type": "cpu", "cpu_model": "host", "cpu_features": ["-sse4.1"], "cpu_cores": 2},
        {"id": "hba", "type": "hba", "hba_type": "lsi"},
        drive("root", "hdd", "virtio", drive_image="image:debian"),
        drive("data", "ssd", "scsi", drive_iops_limit="5 5", drive_image="data"),
        drive("blank", "hdd", "usb", drive_image="blank:"),
        drive("cd", "cdrom", "sata", drive_image="http://example.com/a.iso", drive_format="iso"),
        {"id": "audio", "type": "audio", "audio_type": "sb16"},
        {"id": "display", "type": "display", "display_type": "qxl", "display_vgamem_mb": 32},
        {"id": "lan-network", "type": "network", "network_type": "user"},
        {"id": "lan", "type": "nic", "nic_type": "virtio", "nic_mac": "", "nic_netdev": "lan-network"},
        {"id": "tap-network", "type": "network", "network_type": "tap", "tap_interface_name": "tap7", "tap_use_vhost": False},
        {"id": "tap", "type": "nic", "nic_type": "virtio", "nic_mac": "52:54:00:00:00:01", "nic_netdev": "tap-network"},
        {"id": "custom-1", "type": "custom_cmd", "command_line": "-fw_cfg name=opt/x,string=y"},
    ]


def drive(id: str, type: str, bus: str, **more: str) -> dict[str, Any]:
    known = {"drive_cache_type": "", "drive_use_io_uring": False, "drive_bus": bus}
    return {"id": id, "type": "drive", "drive_type": type, **known, **more}


def test_what_nobody_changes_stays() -> None:
    whole = machine()
    before = MachineEntry.model_validate(entry_of(whole))
    cpus = [device.model_copy(update={"cpu_cores": 3}) if device.type == "cpu" else device for device in before.qemu_devices]
    without = [device for device in cpus if device.id != "blank"]
    after = before.model_copy(update={"qemu_devices": without, "private": True})
    has = whole.spec.dump()
    assert difference(has, spec_of(before, 64), spec_of(before, 64)) == {}
    patch = difference(has, spec_of(before, 64), spec_of(after, 64))
    assert patch == {
        "resources": {"vcpu": 3},
        "display": {"private": True},
        "disks": [disk for disk in has["disks"] if disk["name"] != "blank"],
    }


def test_devices_stand_as_they_were_given_as_long_as_the_spec_is_what_they_stand_for() -> None:
    asked = MachineEntry.model_validate(
        {**entry_of(machine()), "qemu_devices": [{**entry_of(machine())["qemu_devices"][0], "id": "c0"}]}
    )
    noted = {DEVICES: str(notes(asked)[DEVICES])}
    document = {"metadata": {"name": "web", "annotations": noted}, "spec": spec_of(asked, 64)}
    given = VirtualMachine.model_validate(document)
    assert entry_of(given)["qemu_devices"][0]["id"] == "c0" and len(entry_of(given)["qemu_devices"]) == 1
    other = VirtualMachine.model_validate({**document, "spec": {**spec_of(asked, 64), "sound": {"model": "hda"}}})
    assert {device["id"] for device in entry_of(other)["qemu_devices"]} == {"cpu", "audio", "display"}
    for garbled in ("", "{", "7", "[7]", '[{"id": "n", "type": "nic", "nic_type": "virtio", "nic_netdev": "x"}]', "[" * 20_000):
        broken = VirtualMachine.model_validate({**document, "metadata": {"name": "web", "annotations": {DEVICES: garbled}}})
        assert entry_of(broken)["qemu_devices"][0]["id"] == "cpu"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (MachineState.RUNNING, "running"), (MachineState.PAUSED, "running"), (MachineState.STOPPING, "running"),
        (MachineState.STARTING, "starting"), (MachineState.UNKNOWN, "starting"), (MachineState.CRASH_LOOP, "starting"),
        (MachineState.STOPPED, "stopped"), (MachineState.FAILED, "stopped"), (MachineState.SAVED, "stopped"),
    ],
)  # fmt: skip
def test_states(state: MachineState, word: str) -> None:
    one = VirtualMachine.model_validate({"metadata": {"name": "web"}, "spec": {"runStrategy": "Manual"}})
    assert shown(one.model_copy(update={"status": VirtualMachineStatus(state=state)}))["state"] == word
