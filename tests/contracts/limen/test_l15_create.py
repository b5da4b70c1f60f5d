"""L15, L21, L22: what is made runs, is as it was asked for, and is of whoever asked; a name that is taken changes nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.contracts.limen.people import SIZE, Limen, Somebody, refused


def test_l15_it_runs_and_is_its_makers(limen: Limen, bob: Somebody, name: str) -> None:
    began = time.monotonic()
    made = bob.make(name, vnc_enabled=True, graphics_type="vnc", description=None)
    assert time.monotonic() - began < 10
    assert made["status"] == "Running"
    assert made["owner_id"] == bob.browser.get("/api/auth/session").json()["user"]["id"]
    limen.served.until(lambda: (bob.listed(made["id"]) or {}).get("status") == "Running", f"{name} runs")


def test_l15_it_is_an_ordinary_resource(limen: Limen, bob: Somebody, name: str) -> None:
    bob.make(name)
    listed = limen.served.real.http.get("/api/v1/vms", headers={"Authorization": f"Bearer {bob.access}"}).json()
    assert any(vm["name"].startswith(name.lower().replace("_", "-")) for vm in listed)


def test_l21_a_name_that_is_taken_is_400_and_the_first_stays(bob: Somebody, amy: Somebody, name: str) -> None:
    first = bob.make(name)
    for somebody in (bob, amy):
        answer = somebody.browser.post("/api/vms", json={**SIZE, "name": name, "cpu": 4})
        assert "already taken" in refused(answer, 400)
    assert bob.listed(first["id"]) == first


def test_l21_of_two_at_once_one_is_made(bob: Somebody, name: str) -> None:
    def make(number: int) -> httpx.Response:
        with bob.program() as program:
            return program.post("/api/vms", json={**SIZE, "name": name})

    with ThreadPoolExecutor(2) as threads:
        assert sorted(answer.status_code for answer in threads.map(make, range(2))) == [201, 400]


def test_l21_names_that_differ_in_case_are_two(bob: Somebody, name: str) -> None:
    assert bob.make(name)["uuid"] != bob.make(name.lower())["uuid"]


def test_l22_nothing_is_clamped(bob: Somebody, name: str) -> None:
    """It may be more than the host has: then it is there, off, and says so."""
    made = bob.make(name, cpu=32, memory=65536)
    assert (made["cpu"], made["memory"]) == (32, 65536)
    if made["status"] == "Stopped":
        assert "64Gi" in made["message"]
        assert "64Gi" in refused(bob.act(made["id"], "start"), 500)
        assert bob.act(made["id"], "update", cpu=1, memory=512).status_code == 200
        assert bob.act(made["id"], "start").json()["status"] == "Running"


def test_l15_what_is_not_there_yet_is_said(development: Limen, name: str) -> None:
    root = development.somebody("root")
    answer = root.browser.post("/api/vms", json={**SIZE, "name": name, "os_type": "windows"})
    assert answer.status_code == 201 and "/nowhere/windows.qcow2" in answer.json()["message"]
    assert root.act(answer.json()["id"], "delete").status_code == 200
