"""Networks over REST: created, listed, changed with what that takes, and not deleted while anything names them."""

from __future__ import annotations

from typing import Any

from tests.api.harness import Api, refused
from tests.api.whole_kinds import make, names

NETWORKS = "/api/v1/networks"
SPEC: dict[str, Any] = {"addresses": [{"cidr": "192.168.100.1/24"}]}


def made(api: Api, name: str, spec: dict[str, Any] = SPEC) -> None:
    make(api, "networks", name, spec)


def test_it_is_listed_and_shown(api: Api, name: str) -> None:
    made(api, name)
    assert name in names(api, "networks")
    shown = api.http.get(f"{NETWORKS}/{name}").json()
    assert (shown["kind"], shown["spec"]) == ("Network", SPEC)
    assert api.http.get(f"{NETWORKS}/{name}/spec").json() == SPEC
    refused(api.http.post(NETWORKS, json={"name": name, "spec": SPEC}), 409, "network_exists")
    refused(api.http.get(f"{NETWORKS}/nobody"), 404, "network_not_found")


def test_what_cannot_work_is_refused_with_its_field(api: Api, name: str) -> None:
    answer = api.http.post(NETWORKS, json={"name": name, "spec": {"mode": "Bridge"}})
    refused(answer, 400, "invalid_request")
    assert "needs bridge" in answer.text
    assert name not in names(api, "networks")


def test_a_change_says_what_it_takes(api: Api, name: str) -> None:
    made(api, name)
    lease = {"mac": "52:54:00:00:00:01", "ip": "192.168.100.10"}
    live = {"addresses": [{"cidr": "192.168.100.1/24", "dhcp": {"leases": [lease]}}]}
    told = api.http.put(f"{NETWORKS}/{name}/spec", json=live, params={"dryRun": "true"}).json()
    assert [(c["field"], c["disruption"]) for c in told["changes"]] == [
        ("addresses[192.168.100.1/24].dhcp.leases[192.168.100.10]", "Live")
    ]
    assert told["dry_run"] and api.http.get(f"{NETWORKS}/{name}/spec").json() == SPEC
    assert api.http.put(f"{NETWORKS}/{name}/spec", json=live).json()["spec"] == live
    mtu = api.http.patch(f"{NETWORKS}/{name}/spec", json={"mtu": 1400}).json()
    assert [(c["field"], c["disruption"]) for c in mtu["changes"]] == [("mtu", "NeedsRestart")]
    assert mtu["changes"][0]["reason"] == "the bridge gets it when it is made, at a start of the network"
    assert mtu["restart_required"] is False and mtu["spec"] == {**live, "mtu": 1400}


def test_one_in_use_is_not_deleted(api: Api, name: str) -> None:
    made(api, name)
    api.create(f"{name}-vm", spec={"nics": [{"name": "lan", "networkRef": {"name": name}}]})
    body = refused(api.http.delete(f"{NETWORKS}/{name}"), 409, "network_in_use")
    assert body["used_by"] == [f"vm/{name}-vm"]
    made(api, f"{name}-free")
    assert api.http.delete(f"{NETWORKS}/{name}-free").status_code in (202, 204)
