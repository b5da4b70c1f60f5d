"""N55 to N63: what each device stands for in a spec, and what is none. On QEMU's command line: tests/e2e."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from homeostat.planner.allowed import Allowed
from homeostat.store.files.allowing import say_allowed
from homeostat.store.files.state import StateFolder
from tests.api.modes import of_a_folder
from tests.contracts.neptuned.neptune import Neptune, entry, refused

Body = dict[str, Any]


def made(neptune: Neptune, *devices: Body, **fields: Any) -> Body:
    """Makes a machine of devices, which it still has when it is asked for, and returns its spec."""
    found = neptune.make(*devices, **fields)
    assert found["qemu_devices"] == list(devices) == neptune.get(found["id"])["qemu_devices"]
    return neptune.spec(found["id"])


def not_made(neptune: Neptune, *devices: Body, **fields: Any) -> str:
    said = refused(neptune.ask("POST", "admin/vms/create", entry("n5x", *devices, **fields)), 400)
    refused(neptune.ask("GET", "admin/vms/n5x"), 404)
    return said


@contextmanager
def allowing(neptune: Neptune, allowed: Allowed) -> Iterator[None]:
    """As if `homeostat up` had been started with these options."""
    room = StateFolder.open(neptune.state)
    say_allowed(room, allowed)
    yield
    say_allowed(room, Allowed())


def cpu(**fields: Any) -> Body:
    return {"id": "cpu", "type": "cpu", "cpu_model": "host", "cpu_features": [], "cpu_cores": 1, **fields}


def drive(neptune: Neptune, **fields: Any) -> Body:
    image = {} if fields.get("drive_type") == "cdrom" else {"drive_image": neptune.image(), "drive_format": "raw"}
    known = {"drive_type": "hdd", "drive_cache_type": "none", "drive_use_io_uring": False, "drive_bus": "sata"}
    return {"id": "drive", "type": "drive", **known, **image, **fields}


def nic(**fields: Any) -> Body:
    return {"id": "nic", "type": "nic", "nic_type": "virtio", "nic_mac": "52:54:00:12:34:56", "nic_netdev": "net", **fields}


NET = {"id": "net", "type": "network", "network_type": "user"}
TAP = {"id": "net", "type": "network", "network_type": "tap", "tap_interface_name": "tap7", "tap_use_vhost": True}


def test_n55_cpu(neptune: Neptune) -> None:
    spec = made(neptune, cpu(cpu_features=["avx2", "-sse4.1"], cpu_cores=3))
    assert spec["resources"]["vcpu"] == 3
    assert spec["resources"]["cpu"] == {"model": "host-passthrough", "features": ["avx2", "-sse4.1"]}
    for wrong in ({"cpu_cores": 0}, {"cpu_cores": "2"}, {"cpu_cores": 100_000}, {"cpu_model": "a b"}, {"cpu_features": ["a,b"]}):
        not_made(neptune, cpu(**wrong))


def test_n56_drive(neptune: Neptune) -> None:
    (disk,) = made(neptune, drive(neptune, drive_type="ssd", drive_bus="scsi", drive_use_io_uring=True))["disks"]
    image = {"path": neptune.image(), "format": "raw"}
    assert disk == {
        "name": "drive", "type": "disk", "bus": "scsi", "image": image, "cache": "none", "io": "io_uring", "rotationRate": 1,
    }  # fmt: skip
    (disk,) = made(neptune, drive(neptune, drive_bus="ide"), qemu_machine_type="pc")["disks"]
    assert disk["bus"] == "ide" and "io" not in disk and "rotationRate" not in disk
    (disk,) = made(neptune, drive(neptune, drive_bus="ide"))["disks"]
    assert disk["bus"] == "sata", "QEMU's IDE on q35 is AHCI"
    (disk,) = made(neptune, drive(neptune, drive_type="cdrom"))["disks"]
    assert disk["type"] == "cdrom" and "image" not in disk
    (disk,) = made(neptune, drive(neptune, drive_image="data", drive_format=""))["disks"]
    assert disk["diskRef"] == {"name": "data"}
    without = drive(neptune)
    del without["drive_image"], without["drive_format"]
    not_made(neptune, without)
    for wrong in ({"drive_type": "floppy"}, {"drive_bus": "nvme"}, {"drive_cache_type": "lots"}, {"drive_format": "vhd"}):
        not_made(neptune, drive(neptune, **wrong))


def test_n56_a_file_that_the_server_does_not_give_away_is_refused(neptune: Neptune) -> None:
    not_made(neptune, drive(neptune, drive_image="/etc/shadow"))
    not_made(neptune, drive(neptune, drive_image="/etc/shadow", drive_type="cdrom"))


@of_a_folder
def test_n56_a_file_whose_format_nobody_says(neptune: Neptune) -> None:
    blank = {**drive(neptune), "drive_format": ""}
    made = neptune.make(blank, autostart=True)
    assert neptune.spec(made["id"])["disks"][0]["image"] == {"path": neptune.image(), "format": "raw"}
    neptune.served.until(lambda: neptune.get(made["id"])["state"] == "running", "a disk that nobody has written to works")
    odd = neptune.served.images / "odd.vhd"
    odd.write_bytes(b"conectix" + bytes(2**20))
    assert "qemu-img convert" in not_made(neptune, {**blank, "drive_image": str(odd)})
    assert "No such file" in not_made(neptune, {**blank, "drive_image": str(neptune.served.images / "none.img")})
    added = {"op": "add", "path": "/qemu_devices/-", "value": {**blank, "id": "odd", "drive_image": str(odd)}}
    assert "qemu-img convert" in refused(neptune.patch(made["id"], added), 400)
    added["value"] = {**blank, "id": "more"}
    assert neptune.patch(made["id"], added).status_code == 200
    assert [disk["image"].get("format") for disk in neptune.spec(made["id"])["disks"]] == ["raw", "raw"]


@pytest.mark.parametrize("on", [True, False], ids=["runs", "is off"])
def test_n52_a_drive_that_is_there_gets_no_other_image(neptune: Neptune, on: bool) -> None:
    first, second = neptune.image("first.raw"), neptune.image("second.raw")
    made = neptune.make(drive(neptune, drive_image=first), autostart=on)
    at = {"op": "replace", "path": "/qemu_devices/0/drive_image"}
    neptune.served.until(lambda: disks_there(neptune, made["id"]) == ["drive"], "its file is there")
    before = neptune.get(made["id"])
    assert "the image that it was built on" in refused(neptune.patch(made["id"], {**at, "value": second}), 400)
    assert neptune.get(made["id"]) == before
    assert neptune.patch(made["id"], {**at, "value": first}).status_code == 200, "as it is"
    other = [drive(neptune, id="other", drive_image=second)]
    assert neptune.patch(made["id"], {"op": "replace", "path": "/qemu_devices", "value": other}).status_code == 200
    assert neptune.get(made["id"])["qemu_devices"] == other


def test_n52_a_drive_that_could_not_be_made_gets_another_image(neptune: Neptune) -> None:
    image = neptune.image("later.raw")
    made = neptune.make(drive(neptune, drive_image="image:nothing", drive_format=""))
    neptune.served.until(lambda: "ImageNotFound" in str(status(neptune, made["id"])), "its image is not there")
    at = "/qemu_devices/0/drive_"
    mended = [{"op": "replace", "path": f"{at}image", "value": image}, {"op": "replace", "path": f"{at}format", "value": "raw"}]
    assert neptune.patch(made["id"], *mended).status_code == 200
    neptune.served.until(lambda: disks_there(neptune, made["id"]) == ["drive"], "its file is there")


def test_n52_an_image_that_the_folder_took_away_comes_back(neptune: Neptune) -> None:
    first, second = neptune.image("first.raw"), neptune.image("second.raw")
    id = neptune.make(drive(neptune, drive_image=first))["id"]
    neptune.served.until(lambda: disks_there(neptune, id) == ["drive"], "its file is there")
    file = neptune.served.real.api.folder / "virtualmachines" / f"{id}.yaml"
    file.write_text(file.read_text().replace(first, second))
    neptune.served.until(lambda: "ReplaceRequired" in str(status(neptune, id)), "the operator says that it cannot")
    at = {"op": "replace", "path": "/qemu_devices/0/drive_image"}
    refused(neptune.patch(id, {**at, "value": neptune.image("third.raw")}), 400)
    assert neptune.patch(id, {**at, "value": first}).status_code == 200
    neptune.served.until(lambda: "ReplaceRequired" not in str(status(neptune, id)), "it is as it was")


def status(neptune: Neptune, id: str) -> Body:
    return dict(neptune.own("GET", f"vms/{id}?view=resource").json().get("status") or {})


def disks_there(neptune: Neptune, id: str) -> list[str]:
    return [disk["name"] for disk in status(neptune, id).get("disks", [])]


def test_n57_limits(neptune: Neptune) -> None:
    limited = drive(neptune, drive_bps_limit="15000000 25000000", drive_iops_limit="1000 1500")
    (disk,) = made(neptune, limited)["disks"]
    expected = {"bytesPerSecond": 15_000_000, "bytesPerSecondBurst": 25_000_000, "iops": 1000, "iopsBurst": 1500}
    assert {name: int(value) for name, value in disk["limits"].items()} == expected


@pytest.mark.parametrize("limit", ["1000", "1000  1500", "1000 1500 2000", "a b", "1500 1000", "0 5", "-1 5", "1e3 2e3", "1.5 2"])
def test_n57_what_is_no_limit_is_refused(neptune: Neptune, limit: str) -> None:
    for name in ("drive_bps_limit", "drive_iops_limit"):
        assert name in not_made(neptune, drive(neptune, **{name: limit}))


def test_n58_hba(neptune: Neptune) -> None:
    hba = {"id": "hba", "type": "hba", "hba_type": "virtio-scsi", "hba_add_iothread": True, "hba_num_queues": 4}
    assert made(neptune, hba)["scsi"] == {"model": "virtio-scsi", "ioThread": True, "queues": 4}
    lsi = {"id": "hba", "type": "hba", "hba_type": "lsi"}
    assert made(neptune, lsi)["scsi"] == {"model": "lsilogic"}
    for wrong in ({**lsi, "hba_add_iothread": True}, {**lsi, "hba_num_queues": 2}, {**lsi, "hba_type": "megaraid"}):
        not_made(neptune, wrong)


@pytest.mark.parametrize("model", ["hda", "ac97", "sb16"])
def test_n59_audio(neptune: Neptune, model: str) -> None:
    assert made(neptune, {"id": "snd", "type": "audio", "audio_type": model})["sound"] == {"model": model}
    not_made(neptune, {"id": "snd", "type": "audio", "audio_type": "gus"})


@pytest.mark.parametrize("model", ["vga", "qxl", "cirrus"])
def test_n60_display(neptune: Neptune, model: str) -> None:
    display = {"id": "d", "type": "display", "display_type": model, "display_vgamem_mb": 32}
    assert made(neptune, display)["display"] == {"video": model, "videoMemory": "32Mi"}
    not_made(neptune, {**display, "display_vgamem_mb": 33})


@of_a_folder
def test_n60_mdev(neptune: Neptune) -> None:
    mdev = {"id": "d", "type": "display", "display_type": "mdev", "display_mdev_profile": "nvidia-11"}
    assert "--allow-host-devices" in not_made(neptune, mdev)
    with allowing(neptune, Allowed(host_devices=True)):
        spec = made(neptune, mdev)
    assert spec["display"] == {"video": "none"}
    assert spec["hostDevices"] == [{"name": "d", "mdev": {"profile": "nvidia-11", "display": True}}]
    assert "profile" in not_made(neptune, {"id": "d", "type": "display", "display_type": "mdev"})
    not_made(neptune, {"id": "d", "type": "display", "display_type": "s3"})


def test_n61_n62_networks_and_cards(neptune: Neptune) -> None:
    assert made(neptune, NET, nic(nic_type="rtl8139"))["nics"] == [
        {"name": "nic", "model": "rtl8139", "mac": "52:54:00:12:34:56", "user": {}}
    ]
    assert made(neptune, TAP, nic())["nics"] == [
        {"name": "nic", "model": "virtio", "mac": "52:54:00:12:34:56", "vhost": True, "tap": {"name": "tap7", "existing": True}}
    ]
    for model in ("pcnet", "e1000"):
        assert made(neptune, NET, nic(nic_type=model, nic_mac=""))["nics"] == [{"name": "nic", "model": model, "user": {}}]
    without = {name: value for name, value in TAP.items() if name != "tap_interface_name"}
    for wrong in (without, {**TAP, "tap_interface_name": "x" * 20}, {**TAP, "tap_interface_name": "a b"}):
        not_made(neptune, wrong, nic())
    not_made(neptune, {**NET, "network_type": "slirp"})


@pytest.mark.parametrize(
    ("order", "word"),
    [("dangling", "no network device"), ("later", "no network device"), ("none", "no network device"), ("twice", "already")],
)
def test_n62_a_card_names_a_network_before_it(neptune: Neptune, order: str, word: str) -> None:
    orders: dict[str, list[Body]] = {
        "dangling": [NET, nic(nic_netdev="other")],
        "later": [nic(), NET],
        "none": [cpu(), nic(nic_netdev="cpu")],
        "twice": [NET, nic(), nic(id="nic2", nic_mac="")],
    }
    assert word in not_made(neptune, *orders[order])


@pytest.mark.parametrize("wrong", [{"nic_type": "ne3"}, {"nic_mac": "no mac"}, {"nic_mac": "01:00:5e:00:00:01"}])
def test_n62_what_is_no_card_is_refused(neptune: Neptune, wrong: Body) -> None:
    not_made(neptune, NET, nic(**wrong))


@of_a_folder
def test_n63_custom_cmd(neptune: Neptune) -> None:
    line = {"id": "c", "type": "custom_cmd", "command_line": "-fw_cfg name=opt/x,string='$(id); a b'"}
    with allowing(neptune, Allowed(qemu_arguments=True)):
        assert made(neptune, line)["qemuArguments"] == [line["command_line"]]
        for wrong in ("-daemonize", "-fw_cfg name=opt/x,file=/etc/shadow", "-drive file=/dev/sda", "'", "-monitor stdio", ""):
            not_made(neptune, {**line, "command_line": wrong})
    assert "--allow-qemu-arguments" in not_made(neptune, line)
    id = neptune.make()["id"]
    assert "--allow" in refused(neptune.patch(id, {"op": "add", "path": "/qemu_devices/-", "value": line}), 400)


def test_n54_what_others_changed_is_shown_as_it_is(neptune: Neptune) -> None:
    id = neptune.make(cpu(cpu_cores=1), NET, nic())["id"]
    assert neptune.own("PATCH", f"vms/{id}/spec", json={"resources": {"vcpu": 2}}).is_success
    devices = {device["type"]: device for device in neptune.get(id)["qemu_devices"]}
    assert devices["cpu"]["cpu_cores"] == 2 and devices["nic"]["nic_mac"] == "52:54:00:12:34:56"
    assert devices["nic"]["nic_netdev"] == devices["network"]["id"]
