"""L14: the list is an array of machines, each with its number, its uuid, and its owner's number."""

from __future__ import annotations

from datetime import datetime

from tests.contracts.limen.people import Limen, Somebody

KEYS = {"id", "uuid", "name", "cpu", "memory", "status", "os_type", "owner_id", "created_at", "updated_at"}


def test_l14_a_machine_in_the_list(bob: Somebody, name: str) -> None:
    made = bob.make(name, cpu=2, memory=768)
    shown = bob.listed(made["id"])
    assert shown is not None and set(shown) == KEYS
    assert (shown["name"], shown["cpu"], shown["memory"], shown["os_type"]) == (name, 2, 768, "kali")
    assert type(shown["id"]) is int and type(shown["owner_id"]) is int
    assert datetime.fromisoformat(shown["created_at"]) <= datetime.fromisoformat(shown["updated_at"])


def test_l14_who_has_none_has_an_empty_array(limen: Limen) -> None:
    limen.account("newcomer")
    answer = limen.somebody("newcomer").browser.get("/api/vms")
    assert (answer.status_code, answer.json()) == (200, [])


def test_l14_a_machine_of_our_own_api_is_listed_to_an_administrator(limen: Limen, name: str) -> None:
    root = limen.somebody("root")
    plain = name.lower().replace("_", "-")
    token = {"Authorization": f"Bearer {root.access}"}
    spec = {"name": plain, "spec": {"runStrategy": "Halted"}}
    document = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "VirtualMachine",
        "metadata": {"name": plain},
        "spec": spec["spec"],
    }
    limen.served.real.http.post("/api/v1/apply", json=document, headers=token).raise_for_status()
    (shown,) = [vm for vm in root.browser.get("/api/vms").json() if vm["name"] == plain]
    assert (shown["status"], shown["os_type"]) == ("Stopped", "other")
    assert set(shown) == KEYS


def test_l14_numbers_are_never_given_again(bob: Somebody, name: str) -> None:
    first = bob.make(name)
    assert bob.act(first["id"], "delete").status_code == 200
    second = bob.make(name)
    assert second["id"] > first["id"] and second["uuid"] != first["uuid"]
