"""N14 to N25: the machines that run, and their pictures, for everybody."""

from __future__ import annotations

import io

from PIL import Image

from tests.contracts.neptuned.neptune import Neptune, refused


def test_n14_n18_who_runs_is_listed_for_everybody(neptune: Neptune) -> None:
    off, on = neptune.make()["id"], neptune.run()
    assert on in neptune.listed() and off not in neptune.listed()
    neptune.done("PATCH", f"admin/vms/{on}", [{"op": "replace", "path": "/autostart", "value": False}])
    neptune.served.until(lambda: neptune.get(on)["state"] == "stopped", "it is off")
    assert on not in neptune.listed()


def test_n15_n16_n17_an_entry(neptune: Neptune) -> None:
    image = neptune.image("n16.raw", 2**20)
    cpu = {"id": "cpu", "type": "cpu", "cpu_model": "", "cpu_features": [], "cpu_cores": 1}
    drive = {"type": "drive", "drive_bus": "sata", "drive_image": image, "drive_format": "raw"}
    ssd, hdd = {**drive, "id": "a", "drive_type": "ssd"}, {**drive, "id": "b", "drive_type": "hdd"}
    cdrom = {"id": "c", "type": "drive", "drive_type": "cdrom", "drive_bus": "sata"}
    display = {"id": "d", "type": "display", "display_type": "cirrus", "display_vgamem_mb": 8}
    id = neptune.run(cpu, ssd, hdd, cdrom, display, name="Windows 98")

    def sized() -> bool:
        return all(disk["size"] for disk in neptune.done("GET", f"list/{id}", token="")["info"]["disk"])

    neptune.served.until(sized, "the sizes are known")
    assert neptune.done("GET", f"list/{id}", token="") == {
        "id": id,
        "name": "Windows 98",
        "info": {
            "hypervisor": "qemu",
            "os": {"kind": "other", "arch": "x86_64"},
            "disk": [{"type": "ssd", "size": 2**20}, {"type": "hdd", "size": 2**20}],
            "graphics": {"type": "vga", "vram_size": 8 * 2**20},
        },
    }
    assert neptune.done("GET", f"list/{id}", token="") in neptune.done("GET", "list", token="")


def test_n17_a_card_of_the_host_has_no_memory_to_tell(neptune: Neptune) -> None:
    from homeostat.models.machine import VirtualMachine
    from homeostat_contracts.neptuned.listed import shown

    mdev = {"name": "gpu", "mdev": {"profile": "nvidia-11", "display": True}}
    document = {"metadata": {"name": "gpu"}, "spec": {"display": {"video": "none"}, "hostDevices": [mdev]}}
    assert shown(VirtualMachine.model_validate(document), {})["info"]["graphics"] == {"type": "burst"}


def test_n19_n25_a_private_one_is_listed_with_a_picture_that_says_nothing(neptune: Neptune) -> None:
    id = neptune.run(private=True)
    assert id in neptune.listed()
    answer = neptune.ask("GET", f"screenshot/{id}", token="")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.content)).width == 320


def test_n20_n21_one_that_does_not_run_is_no_entry(neptune: Neptune) -> None:
    id = neptune.make()["id"]
    assert "not running" in refused(neptune.ask("GET", f"list/{id}", token=""), 409)
    refused(neptune.ask("GET", "list/nothing", token=""), 404)


def test_n23_no_picture_of_what_does_not_run(neptune: Neptune) -> None:
    id = neptune.make()["id"]
    refused(neptune.ask("GET", f"screenshot/{id}", token=""), 409)
    refused(neptune.ask("GET", "screenshot/nothing", token=""), 404)


def test_n14_machines_that_were_made_elsewhere_are_not_shown_to_everybody(neptune: Neptune) -> None:
    document = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "VirtualMachine",
        "metadata": {"name": "not-neptuneds"},
        "spec": {"resources": {"memory": "64Mi"}, "disks": [{"name": "cd", "type": "cdrom"}]},
    }
    assert neptune.own("POST", "apply", json=document).is_success
    neptune.served.until(lambda: neptune.get("not-neptuneds")["state"] == "running", "it runs")
    assert "not-neptuneds" not in neptune.listed()
    refused(neptune.ask("GET", "list/not-neptuneds", token=""), 404)
    refused(neptune.ask("GET", "screenshot/not-neptuneds", token=""), 404)
    devices = {device["type"]: device for device in neptune.get("not-neptuneds")["qemu_devices"]}
    assert devices["drive"]["drive_type"] == "cdrom"
    neptune.done("PATCH", "admin/vms/not-neptuneds", [{"op": "replace", "path": "/private", "value": True}])
    assert neptune.spec("not-neptuneds")["disks"] == [{"name": "cd", "type": "cdrom"}], "what nobody changed stays as it was"
