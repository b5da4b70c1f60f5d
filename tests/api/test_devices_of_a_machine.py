"""Our extension: single disks, nics and media of a machine."""

from __future__ import annotations

from typing import Any

from tests.api.harness import Api, refused

ROOT = {"name": "root", "size": "2Gi"}
DATA = {"name": "data", "size": "1Gi"}
IMAGE = {"url": "https://example.org/a.iso"}


def spec(api: Api, name: str) -> Any:
    return api.http.get(f"/api/v1/vms/{name}/spec").json()


def test_a_disk_comes_and_goes(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [ROOT], "boot": {"order": ["root"]}})
    path = f"/api/v1/vms/{name}/disks"
    answer = api.http.post(path, json=DATA)
    assert answer.status_code == 200, answer.text
    assert {c["field"]: c["disruption"] for c in answer.json()["changes"]} == {"disks[data]": "Live"}
    assert spec(api, name)["disks"] == [ROOT, DATA]
    assert refused(api.http.post(path, json=DATA), 409, "device_exists") == {"name": "data"}
    refused(api.http.post(path, json={"name": "Data"}), 400, "invalid_request")
    assert api.http.delete(f"{path}/root").status_code == 200
    assert spec(api, name)["disks"] == [DATA] and "order" not in spec(api, name).get("boot", {})
    refused(api.http.delete(f"{path}/root"), 404, "device_not_found")


def test_a_nic_comes_and_goes(api: Api, name: str) -> None:
    api.create(name)
    path = f"/api/v1/vms/{name}/nics"
    assert api.http.post(path, json={"name": "lan", "network": "default"}, params={"dryRun": "true"}).status_code == 200
    assert "nics" not in spec(api, name)
    assert api.http.post(path, json={"name": "lan", "network": "default"}).status_code == 200
    assert spec(api, name)["nics"] == [{"name": "lan", "network": "default"}]
    refused(api.http.delete(f"{path}/lan", headers={"If-Match": '"0"'}), 412, "precondition_failed")
    assert api.http.delete(f"{path}/lan").json()["spec"].get("nics") == []


def test_it_can_be_asked_to_wait_for_a_machine_that_is_off(api: Api, name: str) -> None:
    api.create(name)
    api.operator.running(name)
    path, off = f"/api/v1/vms/{name}/disks", {"stoppedOnly": "true"}
    refused(api.http.post(path, json=DATA, params=off), 409, "vm_running")
    api.operator.stopped(name)
    assert api.http.post(path, json=DATA, params=off).status_code == 200
    api.operator.running(name)
    refused(api.http.delete(f"{path}/data", params=off), 409, "vm_running")


def test_a_medium_is_put_in_and_taken_out(api: Api, name: str) -> None:
    path = f"/api/v1/vms/{name}/media"
    api.create(name, spec={"disks": [ROOT]})
    refused(api.http.put(path, json=IMAGE), 404, "device_not_found")
    for drive in ("one", "two"):
        api.http.post(f"/api/v1/vms/{name}/disks", json={"name": drive, "type": "cdrom"})
    answer = api.http.put(path, json=IMAGE)
    assert {c["field"]: c["disruption"] for c in answer.json()["changes"]} == {"disks[one].image": "Live"}
    assert spec(api, name)["disks"][1]["image"] == IMAGE
    both = {"drive": "two", "onlyOne": "true"}
    assert refused(api.http.put(path, json=IMAGE, params=both), 409, "medium_in_use")["drive"] == "one"
    assert api.http.put(path, json=IMAGE, params={"drive": "two"}).status_code == 200
    refused(api.http.put(path, json=IMAGE, params={"drive": "root"}), 404, "device_not_found")
    refused(api.http.put(path, json={"path": "/etc/shadow"}), 400, "source_refused")
    assert api.http.delete(path).status_code == 200
    assert "image" not in spec(api, name)["disks"][1] and spec(api, name)["disks"][2]["image"] == IMAGE


def test_what_a_plugin_gives_stays(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    answer = api.http.post(f"/api/v1/vms/{name}/disks", json=DATA)
    assert answer.status_code == 200, answer.text
    assert [disk["name"] for disk in spec(api, name)["disks"]][-1] == "data" and len(spec(api, name)["disks"]) == 2
