"""N43 to N54: machines as administrators configure them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.neptuned.neptune import V0, Neptune, entry, refused

NAMES = {
    *("id", "name", "hypervisor", "autostart", "private", "qemu_use_uefi", "qemu_enable_agent", "qemu_uuid", "qemu_machine_type"),
    *("qemu_machine_version", "qemu_devices"),
}
CPU = {"id": "cpu0", "type": "cpu", "cpu_model": "qemu64", "cpu_features": ["sse4.1"], "cpu_cores": 2}
UUID = "6a3f1c1e-57d5-4b1c-9d2e-0c1d2e3f4a5b"


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def test_n43_all_machines_are_listed_with_their_state(neptune: Neptune) -> None:
    off, on = neptune.make(name="Off"), neptune.run()
    listed = {one["id"]: one for one in neptune.done("GET", "admin/vms/list")}
    assert listed[off["id"]] == off and (off["name"], off["state"]) == ("Off", "stopped")
    assert listed[on]["state"] == "running"


def test_n44_one_machine(neptune: Neptune) -> None:
    made = neptune.make(CPU)
    assert neptune.get(made["id"]) == made and set(made) >= NAMES | {"state"}
    for id in ("nothing", "x" * 300, made["id"].upper()):
        refused(neptune.ask("GET", f"admin/vms/{id}"), 404)


def test_n45_what_is_made_is_as_it_was_asked_for(neptune: Neptune) -> None:
    wanted = entry(
        "Windows_98.SE", CPU, name="Windows 98 ü", private=True, qemu_use_uefi=True, qemu_uuid=UUID,
        qemu_enable_agent=True, qemu_machine_version="7.2", more="is not read", qemu_memory_mb=96,
    )  # fmt: skip
    made = neptune.done("POST", "admin/vms/create", wanted)
    assert (
        {**wanted, "state": "stopped"}
        == {**made, "more": "is not read"}
        == {**neptune.get("Windows_98.SE"), "more": "is not read"}
    )
    (name,) = [one["name"] for one in neptune.own("GET", "vms").json() if one["name"].startswith("windows-98-se-")]
    spec = neptune.spec(name)
    assert spec["machine"] == {"type": "q35", "version": "7.2"} or spec["machine"] == {"type": "q35", "version": 7.2}
    assert spec["firmware"] == {"type": "UEFI"} and spec["smbios"] == {"uuid": UUID} and spec["display"]["private"] is True
    assert spec["resources"]["memory"] == "96Mi" and spec["resources"]["vcpu"] == 2


@pytest.mark.parametrize("missing", sorted(NAMES))
def test_n46_a_field_that_is_missing_is_refused(neptune: Neptune, missing: str) -> None:
    body = entry("n46")
    del body[missing]
    assert missing in refused(neptune.ask("POST", "admin/vms/create", body), 400)
    refused(neptune.ask("GET", "admin/vms/n46"), 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"qemu_machine_type": "virt"}, {"autostart": "yes"}, {"qemu_uuid": "x"}, {"qemu_machine_version": "x"}, {"id": "a/b"},
        {"id": ""}, {"id": "list"}, {"name": ""}, {"qemu_devices": {}}, {"qemu_devices": [1]}, {"name": "a\nb"},
    ],
    ids=str,
)  # fmt: skip
def test_n46_a_value_that_cannot_be_is_refused(neptune: Neptune, wrong: dict[str, Any]) -> None:
    refused(neptune.ask("POST", "admin/vms/create", entry("n46-b", **wrong)), 400)
    refused(neptune.ask("GET", "admin/vms/n46-b"), 404)


def test_n46_an_id_that_is_taken_is_refused(neptune: Neptune) -> None:
    made = neptune.make(name="First")
    refused(neptune.ask("POST", "admin/vms/create", entry(made["id"], name="Second")), 409)
    assert neptune.get(made["id"])["name"] == "First"


def test_n47_autostart_says_whether_it_runs(neptune: Neptune) -> None:
    id = neptune.run()
    off = neptune.make()["id"]
    assert neptune.get(off)["state"] == "stopped" and neptune.spec(off)["runStrategy"] == "Halted"
    assert neptune.spec(id)["runStrategy"] == "Always"
    assert neptune.patch(off, replace("/autostart", True)).status_code == 200
    neptune.served.until(lambda: neptune.get(off)["state"] == "running", "it runs")


def test_n48_the_agent_needs_q35(neptune: Neptune) -> None:
    said = refused(neptune.ask("POST", "admin/vms/create", entry("n48", qemu_enable_agent=True, qemu_machine_type="pc")), 400)
    assert "q35" in said
    made = neptune.make(qemu_enable_agent=True)
    assert neptune.spec(made["id"])["sharedMemory"] == [{"name": "agent", "size": "16Mi"}]


def test_n49_a_patch_to_an_agent_of_pc_changes_nothing(neptune: Neptune) -> None:
    pc, agent = neptune.make(qemu_machine_type="pc"), neptune.make(qemu_enable_agent=True)
    refused(neptune.patch(pc["id"], replace("/name", "Other"), replace("/qemu_enable_agent", True)), 400)
    refused(neptune.patch(agent["id"], replace("/name", "Other"), replace("/qemu_machine_type", "pc")), 400)
    assert neptune.get(pc["id"]) == pc and neptune.get(agent["id"]) == agent
    both = replace("/qemu_enable_agent", False), replace("/qemu_machine_type", "pc")
    assert neptune.patch(agent["id"], *both).json() == {"needs_restart": False}


def test_n50_every_operation_of_json_patch(neptune: Neptune) -> None:
    sound = {"id": "snd", "type": "audio", "audio_type": "hda"}
    net = {"id": "net", "type": "network", "network_type": "user"}
    id = neptune.make(CPU)["id"]
    assert neptune.patch(
        id,
        {"op": "test", "path": "/qemu_devices/0/cpu_cores", "value": 2},
        {"op": "add", "path": "/qemu_devices/-", "value": sound},
        {"op": "add", "path": "/qemu_devices/0", "value": net},
        {"op": "replace", "path": "/name", "value": "Patched"},
        {"op": "copy", "from": "/qemu_devices/1", "path": "/qemu_devices/-"},
        {"op": "remove", "path": "/qemu_devices/1"},
        {"op": "move", "from": "/qemu_devices/0", "path": "/qemu_devices/-"},
    ).json() == {"needs_restart": False}
    found = neptune.get(id)
    assert (found["name"], found["qemu_devices"]) == ("Patched", [sound, CPU, net])
    assert neptune.spec(id)["sound"] == {"model": "hda"}
    refused(neptune.ask("PATCH", "admin/vms/nothing", [replace("/name", "x")]), 404)


@pytest.mark.parametrize(
    "fails",
    [
        {"op": "test", "path": "/name", "value": "Other"}, {"op": "remove", "path": "/nothing"}, replace("/qemu_devices/7", CPU),
        replace("/id", "other"), replace("/autostart", "yes"), {"op": "add", "path": "/qemu_devices/-", "value": CPU},
        {"op": "remove", "path": "/name"}, {"op": "frobnicate", "path": "/name"}, {"op": "copy", "from": "/x", "path": "/name"},
        7,
        replace("", 7), replace("/qemu_devices/0/type", "sofa"), {"op": "add", "path": "/qemu_devices/-", "value": {
            "id": "c", "type": "custom_cmd", "command_line": "-daemonize"}},
    ],
    ids=str,
)  # fmt: skip
def test_n51_all_or_nothing(neptune: Neptune, fails: Any) -> None:
    made = neptune.make(CPU)
    before = neptune.spec(made["id"])
    refused(neptune.patch(made["id"], replace("/name", "Changed"), replace("/qemu_devices/0/cpu_cores", 4), fails), 400)
    assert neptune.get(made["id"]) == made and neptune.spec(made["id"]) == before


@pytest.mark.parametrize("body", [{"name": "x"}, {}, "x"])
def test_n51_what_is_no_patch_is_refused(neptune: Neptune, body: Any) -> None:
    made = neptune.make()
    refused(neptune.ask("PATCH", f"admin/vms/{made['id']}", body), 400)
    assert neptune.get(made["id"]) == made


def test_n50_its_media_type_is_written_in_any_case(neptune: Neptune) -> None:
    id = neptune.make()["id"]
    for number, type in enumerate(("Application/JSON-Patch+JSON", "APPLICATION/JSON; Charset=UTF-8")):
        body = json.dumps([{"op": "replace", "path": "/name", "value": f"number {number}"}])
        headers = {"Authorization": f"Bearer {neptune.token}", "Content-Type": type}
        answer = neptune.http.patch(f"{V0}/admin/vms/{id}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert neptune.get(id)["name"] == f"number {number}"


def test_n52_whether_a_restart_is_needed(neptune: Neptune) -> None:
    id = neptune.run(CPU)
    assert neptune.patch(id, replace("/name", "Other")).json() == {"needs_restart": False}
    assert neptune.patch(id, replace("/qemu_devices/0/cpu_cores", 3)).json() == {"needs_restart": True}

    def noticed() -> bool:
        return bool(neptune.own("GET", f"vms/{id}?view=resource").json()["status"].get("changes"))

    neptune.served.until(noticed, "the operator says that it waits for a restart")
    assert neptune.patch(id, replace("/qemu_devices/0/cpu_cores", 2)).json() == {"needs_restart": False}, "it is as it was"
    assert neptune.patch(neptune.make(CPU)["id"], replace("/qemu_devices/0/cpu_cores", 3)).json() == {"needs_restart": False}


def test_n53_delete(neptune: Neptune) -> None:
    on, off = neptune.run(), neptune.make()["id"]
    for id in (on, off):
        neptune.done("DELETE", f"admin/vms/{id}")
        refused(neptune.ask("GET", f"admin/vms/{id}"), 404)
        assert neptune.spec_is_gone(id)
    refused(neptune.ask("DELETE", f"admin/vms/{on}"), 404)
    refused(neptune.ask("DELETE", "admin/vms/nothing"), 404)


def test_n54_types_and_ids_of_devices(neptune: Neptune) -> None:
    for devices, word in (
        ([{"id": "x", "type": "sofa"}], "type"),
        ([{"type": "audio", "audio_type": "hda"}], "id"),
        ([{"id": "x"}], "type"),
        ([CPU, {"id": "cpu0", "type": "audio", "audio_type": "hda"}], "twice"),
        ([CPU, {**CPU, "id": "cpu1"}], "second cpu"),
    ):
        assert word in refused(neptune.ask("POST", "admin/vms/create", entry("n54", *devices)), 400)
    refused(neptune.ask("GET", "admin/vms/n54"), 404)


def test_n46_an_id_is_repeated_as_it_was_given(neptune: Neptune) -> None:
    made = neptune.make(id="Windows_3.11")
    said = refused(neptune.ask("POST", "admin/vms/create", entry(made["id"])), 409)
    assert said == "There is a VM 'Windows_3.11' already, or was: choose another id"
