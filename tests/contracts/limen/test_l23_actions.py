"""L23 to L26, L29, L30: a machine is started, stopped and deleted, by its number or its uuid."""

from __future__ import annotations

import pytest

from tests.contracts.limen.people import Limen, Somebody, refused

NO_VM = {"code": 404, "message": "VM not found"}


@pytest.mark.parametrize("id", ["one", "1.5", "-1", "1 ", "0x1", "9" * 30, "e3b0c442"])
def test_l23_what_is_no_number_is_400(bob: Somebody, id: str) -> None:
    assert "Invalid VM ID" in refused(bob.act(id, "start"), 400)


@pytest.mark.parametrize("id", ["0", "999999", "123456789012345678", "00000000-0000-4000-8000-000000000000"])
def test_l23_what_is_not_there_is_404(bob: Somebody, id: str) -> None:
    answer = bob.act(id, "start")
    assert (answer.status_code, answer.json()) == (404, NO_VM)


def test_l24_l25_it_stops_and_starts(bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    for id in (vm["id"], vm["uuid"], vm["uuid"].upper()):
        for action, status in (("stop", "Stopped"), ("stop", "Stopped"), ("start", "Running"), ("start", "Running")):
            answer = bob.act(id, action)
            assert answer.status_code == 200, answer.text
            assert (answer.json()["status"], answer.json()["id"], answer.json()["uuid"]) == (status, vm["id"], vm["uuid"])
            listed = bob.listed(vm["id"])
            assert listed is not None and listed["status"] == status


def test_l24_it_runs_as_its_domain_does(limen: Limen, bob: Somebody, name: str) -> None:
    vm, shown = bob.make(name), {"Authorization": f"Bearer {bob.access}"}

    def seen(status: str) -> bool:
        (mine,) = [one for one in limen.served.real.http.get("/api/v1/vms", headers=shown).json() if one["name"] == resource]
        return bool(mine["status"] == status)

    (resource,) = [
        one["name"]
        for one in limen.served.real.http.get("/api/v1/vms", headers=shown).json()
        if one["name"].startswith(name.lower().replace("_", "-"))
    ]
    bob.act(vm["id"], "stop")
    assert seen("stopped")
    bob.act(vm["id"], "start")
    assert seen("running")


def test_l26_it_goes(bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    answer = bob.act(vm["id"], "delete")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["name"], answer.json()["status"]) == (vm["id"], name, "Stopped")
    assert bob.listed(vm["id"]) is None
    again = bob.act(vm["id"], "delete")
    assert (again.status_code, again.json()) == (404, NO_VM)
    assert bob.act(vm["uuid"], "start").status_code == 404


@pytest.mark.parametrize("action", ["restart", "START", "", None, 1, ["start"]])
def test_l29_another_action_is_400(development: Limen, action: object) -> None:
    said = "Invalid action. Valid actions: start, stop, delete, update"
    answer = development.somebody("root").browser.post("/api/vms/1/action", json={"action": action})
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    if action is not None:
        assert answer.json() == {"code": 400, "message": said, "error": said}


def test_l30_start_reads_no_sizes(bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    bob.act(vm["id"], "stop")
    answer = bob.act(vm["id"], "start", cpu=4, memory="many")
    assert answer.status_code == 200
    assert (answer.json()["cpu"], answer.json()["memory"]) == (vm["cpu"], vm["memory"])
