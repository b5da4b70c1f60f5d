"""Q08: a start answers what runs, and how."""

from __future__ import annotations

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q08_it_runs(manager: Manager, name: str) -> None:
    vm = manager.make(name, 2, 128)
    answer = manager.act(vm["id"], "start")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"vm", "command"} and body["vm"]["status"] == "running"
    assert body["command"].startswith("qemu-system-x86_64 -m 128 -smp 2 ")
    assert body["vm"]["startedAt"].endswith("Z") and set(body["vm"]) == set(vm)


def test_q08_one_that_runs_is_not_started_again(manager: Manager, name: str) -> None:
    vm = manager.make(name)
    manager.act(vm["id"], "start")
    assert "already running" in refused(manager.act(vm["id"], "start"), 400)
    refused(manager.act("nobody", "start"), 404)
