from __future__ import annotations

import pytest

from tests.api.harness import Api, refused
from tests.api.modes import of_a_folder


def test_v22_what_is_left_out_stays(api: Api, name: str) -> None:
    api.create(name, config={"resources": {"vcpu": 2, "memory_mb": 1024}})
    answer = api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}})
    assert answer.status_code == 200
    assert answer.json()["resources"] == {"vcpu": 4, "memory_mb": 1024}
    assert answer.json()["restart_required"] is True
    assert api.http.get(f"/api/v1/vms/{name}/config").json()["resources"] == {"vcpu": 4, "memory_mb": 1024}


@of_a_folder
def test_v22_comments_of_the_yaml_stay(own_api: Api) -> None:
    file = own_api.folder / "virtualmachines" / "commented.yaml"
    own_api.create("commented", config={"resources": {"vcpu": 2, "memory_mb": 512}})
    file.write_text(file.read_text().replace("vcpu: 2", "vcpu: 2  # one per shard"))
    own_api.http.patch("/api/v1/vms/commented/config", json={"resources": {"memory_mb": 256}})
    assert "vcpu: 2  # one per shard" in file.read_text()
    assert "256Mi" in file.read_text()


def test_v22_the_bridge_and_cloud_init_can_be_changed(api: Api, name: str) -> None:
    api.create(name, spec={"nics": [{"name": "lan", "user": {}, "mac": "52:54:00:00:00:01"}, {"name": "b", "user": {}}]})
    change = {"network": {"mode": "bridge", "bridge_name": "br0"}, "cloud_init": {"user_data": "#!/bin/sh"}}
    assert api.http.patch(f"/api/v1/vms/{name}/config", json=change).status_code == 200
    spec = api.http.get(f"/api/v1/vms/{name}/spec").json()
    assert spec["nics"] == [{"name": "lan", "mac": "52:54:00:00:00:01", "bridge": "br0"}, {"name": "b", "user": {}}]
    api.http.patch(f"/api/v1/vms/{name}/config", json={"cloud_init": {"enabled": False}})
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["cloudInit"]["enabled"] is False, "null would give its plugin's back"


def test_v22_a_card_is_connected_to_one_thing_at_a_time(api: Api, name: str) -> None:
    forwards = {"forwards": [{"hostPort": 2201, "guestPort": 22}]}
    api.create(name, spec={"nics": [{"name": "lan", "user": forwards}]})
    steps = [
        ({"mode": "user"}, {"user": forwards}),
        ({"mode": "network", "network_name": "lab"}, {"network": "lab"}),
        ({"mode": "network"}, {"network": "default"}),
        ({"mode": "bridge", "bridge_name": "br0"}, {"bridge": "br0"}),
        ({"mode": "user"}, {"user": {}}),
    ]
    for network, connected in steps:
        answer = api.http.patch(f"/api/v1/vms/{name}/config", json={"network": network})
        assert answer.status_code == 200, answer.text
        assert api.http.get(f"/api/v1/vms/{name}/spec").json()["nics"] == [{"name": "lan", **connected}]


@pytest.mark.parametrize(
    "change",
    [
        {"resources": {"vcpu": 0}},
        {"resources": {"vcpu": True}},
        {"resources": {"memory_mb": "512"}},
        {"resource": {}},
        {"network": {"mode": "bridge"}},
        {"network": {"mode": "user", "bridge_name": "br0"}},
        {"network": {"mode": "user", "network_name": "lab"}},
        {"network": {"mode": "bridge", "bridge_name": "br0", "network_name": "lab"}},
        {"cloud_init": {"enabled": False, "user_data": "x"}},
    ],
)
def test_v22_an_invalid_change_is_400(api: Api, name: str, change: dict[str, object]) -> None:
    api.create(name)
    refused(api.http.patch(f"/api/v1/vms/{name}/config", json=change), 400, "invalid_request")


def test_v22_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.patch("/api/v1/vms/none-such/config", json={}), 404, "vm_not_found")


def test_v22_a_stale_etag_is_412(api: Api, name: str) -> None:
    api.create(name)
    etag = api.http.get(f"/api/v1/vms/{name}/config").headers["ETag"]
    change = {"resources": {"vcpu": 2}}
    first = api.http.patch(f"/api/v1/vms/{name}/config", json=change, headers={"If-Match": etag})
    assert first.status_code == 200
    change = {"resources": {"vcpu": 3}}
    second = api.http.patch(f"/api/v1/vms/{name}/config", json=change, headers={"If-Match": etag})
    refused(second, 412, "precondition_failed")
    third = api.http.patch(f"/api/v1/vms/{name}/config", json=change, headers={"If-Match": first.headers["ETag"]})
    assert third.status_code == 200
