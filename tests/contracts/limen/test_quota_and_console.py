"""What LIMEN's pages ask for beside the document: quotas, and where a screen is."""

from __future__ import annotations

import json

import pytest
import websocket

from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.charges.quotas import Quotas
from tests.contracts.limen.people import SIZE, Limen, refused, texts


def test_a_quota_is_shown_and_kept(limen: Limen, name: str) -> None:
    limen.account("quoted")
    somebody = limen.somebody("quoted")
    assert somebody.browser.get("/api/quota").json()["quota"] == {"max_vms": None, "max_cpu": None, "max_memory": None}
    Quotas(limen.database).set("quoted", {Measure.MACHINES: 1, Measure.VCPUS: 4, Measure.MEMORY: 2**30})
    somebody.make(name)
    assert somebody.browser.get("/api/quota").json() == {
        "quota": {"max_vms": 1, "max_cpu": 4, "max_memory": 1024},
        "usage": {"vms": 1, "cpu": 1, "memory": 512},
    }
    assert "quota" in refused(somebody.browser.post("/api/vms", json={**SIZE, "name": f"{name}-2"}), 400)


def test_the_address_of_a_screen_opens_it_once(limen: Limen, name: str) -> None:
    bob = limen.somebody("bob")
    vm = bob.make(name)
    body = bob.browser.get(f"/api/vms/{vm['uuid']}/console").json()
    assert body["protocol"] == "vnc" and body["expires_at"].endswith("Z")
    host = f"ws://127.0.0.1:{limen.served.port}"
    assert body["ws_url"].startswith(f"{host}/vnc/{vm['uuid']}?ticket=")
    path = body["ws_url"].removeprefix(host)
    assert len(texts(limen.screen(path))) > 2
    refused_again = limen.visitor().get(path)
    assert refused_again.status_code == 426
    with pytest.raises(websocket.WebSocketBadStatusException) as used:
        limen.screen(path)
    said = json.loads(used.value.resp_body or b"{}")
    assert used.value.status_code == said["code"] == 401
    assert said["message"].endswith("ask for another address: GET /api/vms/{id}/console") and "/api/v1" not in said["message"]


def test_what_is_not_served_is_404(limen: Limen) -> None:
    bob = limen.somebody("bob")
    for path in ("/api/vms/1/media", "/vms/isos"):
        refused(bob.browser.get(path), 404)
