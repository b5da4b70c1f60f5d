"""Q10: a stop that is answered has happened."""

from __future__ import annotations

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q10_it_is_off(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    manager.act(vm["id"], "start")
    answer = manager.act(vm["id"], "stop")
    assert (answer.status_code, answer.json()) == (200, {"message": "VM stopped successfully"})
    assert manager.get(vm["id"])["status"] == "stopped"


def test_q10_one_that_is_off_stays_off(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    assert manager.act(vm["id"], "stop").status_code == 200
    refused(manager.act("nobody", "stop"), 404)
