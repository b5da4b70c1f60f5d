"""L43: what is somebody's is there for nobody else, but for whoever administers, or was granted it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.people import Person
from tests.contracts.limen.people import Limen, Somebody, refused, texts


@pytest.mark.parametrize("action", ["start", "stop", "delete", "update"])
def test_l43_anothers_machine_is_not_there(bob: Somebody, amy: Somebody, name: str, action: str) -> None:
    vm = bob.make(name)
    for id in (vm["id"], vm["uuid"]):
        assert refused(amy.act(id, action, cpu=2, memory=1024), 404) == "VM not found"
    assert amy.listed(vm["id"]) is None
    assert bob.listed(vm["id"]) == vm


def test_l43_nor_is_its_screen(limen: Limen, bob: Somebody, amy: Somebody, name: str) -> None:
    vm = bob.make(name)
    said = texts(limen.screen(f"/vnc/{vm['uuid']}?token={amy.access}"))
    assert said[-1]["code"] == "VM_NOT_FOUND" and said[-1]["vm_uuid"] == vm["uuid"]
    refused(amy.browser.get(f"/api/vms/{vm['uuid']}/console"), 404)


def test_l43_an_administrator_acts_on_it(limen: Limen, bob: Somebody, name: str) -> None:
    vm, root = bob.make(name), limen.somebody("root")
    assert root.act(vm["id"], "stop").json()["owner_id"] == vm["owner_id"]
    assert root.listed(vm["id"]) is not None


def test_l43_the_machines_of_a_deployment_are_its_owners(limen: Limen, bob: Somebody, amy: Somebody, name: str) -> None:
    own, pool = Person(limen.served.real.http, "bob"), f"pool-{name.lower().replace('_', '-')}"
    answer = own.ask("POST", "deployments", json={"name": pool, "spec": {"replicas": 1, "template": {"spec": {}}}})
    assert answer.status_code == 201, answer.text

    def made(asked: Somebody) -> list[dict[str, Any]]:
        return [one for one in asked.browser.get("/api/vms").json() if one["name"] == f"{pool}-1"]

    (vm,) = limen.served.until(lambda: made(bob), "it has its machine")
    assert vm["owner_id"] == bob.make(name)["owner_id"] and made(amy) == []
    assert own.status("DELETE", f"deployments/{pool}") in (202, 204)


def test_l43_a_refresh_token_lets_nobody_into_our_own_api(limen: Limen, bob: Somebody) -> None:
    own, fresh = limen.served.real.http, limen.somebody("bob").refresh
    assert own.get("/api/v1/vms", headers={"Cookie": f"refresh_token={fresh}"}).status_code == 401
    assert own.get("/api/v1/vms", headers={"Authorization": f"Bearer {fresh}"}).status_code == 401
