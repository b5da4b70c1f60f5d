"""Machines are made, listed, changed, started, stopped and deleted; what is answered has happened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from falcon.testing import Result

from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import ID
from homeostat.store.errors import StoreError
from homeostat_contracts.qemu_manager.resources import power
from tests.unit.contracts.qemu_manager.managed import Managed, until
from tests.unit.serving import condition


async def made(managed: Managed, name: str = "web", cpus: int = 2, memory: int = 64) -> dict[str, Any]:
    managed.room.clock.forward(seconds=1)
    vm: dict[str, Any] = (await managed.done("POST", "vms", name=name, cpus=cpus, memory=memory))["vm"]
    return vm


def wanted(machine: VirtualMachine) -> bool:
    return machine.spec.run_strategy == "Always"


async def test_one_is_made(managed: Managed) -> None:
    answer = await managed.ask("POST", "vms", name="My Web", cpus=2, memory=64)
    assert answer.status_code == 201
    vm = answer.json["vm"]
    assert (vm["name"], vm["cpus"], vm["memory"], vm["status"], vm["vnc_port"]) == ("My Web", 2, 64, "stopped", 5900)
    (there,) = await managed.room.store.list(VirtualMachine)
    assert there.metadata.labels[ID] == vm["id"] and there.spec.run_strategy == "Halted"
    assert [(disk.name, disk.type) for disk in there.spec.disks] == [("iso", "cdrom")]
    assert there.spec.shutdown.grace_period_seconds == 0
    assert "taken" in await managed.refused(400, "POST", "vms", name="My Web", cpus=2, memory=64)


async def test_all_are_listed_the_newest_first(managed: Managed) -> None:
    assert await managed.done("GET", "vms") == {"vms": []}
    vms = [await made(managed, name) for name in ("b", "a", "c")]
    assert (await managed.done("GET", "vms"))["vms"] == vms[::-1]
    assert [vm["vnc_port"] for vm in vms] == [5900, 5901, 5902]
    for vm in vms:
        assert await managed.done("GET", f"vms/{vm['id']}") == {"vm": vm}


async def test_those_of_one_moment_are_listed_by_name(managed: Managed) -> None:
    for name in ("b", "c", "a"):
        await managed.done("POST", "vms", name=name, cpus=1, memory=64)
    assert [vm["name"] for vm in (await managed.done("GET", "vms"))["vms"]] == ["c", "b", "a"]


@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("DELETE", ""), ("POST", "/start"), ("POST", "/stop")])
async def test_one_that_is_not_there(managed: Managed, method: str, what: str) -> None:
    await made(managed)
    assert await managed.refused(404, method, f"vms/none{what}") == "VM not found"
    assert await managed.refused(404, method, f"vms/web{what}") == "VM not found", "its name is no id"


@pytest.mark.parametrize(
    ("asked", "has"), [({"cpus": 4}, (4, 64)), ({"memory": 128}, (2, 128)), ({"cpus": 1, "memory": 32}, (1, 32))]
)
async def test_it_gets_other_resources(managed: Managed, asked: dict[str, int], has: tuple[int, int]) -> None:
    vm = await made(managed)
    changed = (await managed.done("PATCH", f"vms/{vm['id']}/resources", **asked))["vm"]
    assert (changed["cpus"], changed["memory"]) == has and await managed.done("GET", f"vms/{vm['id']}") == {"vm": changed}


async def test_it_gets_none_while_it_runs_or_without_a_word(managed: Managed) -> None:
    vm = await made(managed)
    said = await managed.refused(400, "PATCH", f"vms/{vm['id']}/resources", other=1)
    assert said == "cpus, memory: give at least one"
    await managed.is_now("web", "Running")
    assert await managed.refused(400, "PATCH", f"vms/{vm['id']}/resources", cpus=4) == "VM must be stopped"
    await managed.is_now("web", "Stopped")
    await managed.desk.machines.start("web")
    assert await managed.refused(400, "PATCH", f"vms/{vm['id']}/resources", cpus=4) == "VM must be stopped", "it is about to run"


async def test_it_is_deleted(managed: Managed) -> None:
    vm = await made(managed)
    going = asyncio.create_task(managed.lets_go(VirtualMachine, "web"))
    assert await managed.done("DELETE", f"vms/{vm['id']}") == {"message": "VM deleted successfully"}
    await going
    assert await managed.refused(404, "GET", f"vms/{vm['id']}") == "VM not found"


async def test_one_that_does_not_go_is_told(managed: Managed) -> None:
    vm = await made(managed)
    assert "still being deleted" in await managed.refused(500, "DELETE", f"vms/{vm['id']}")
    assert (await managed.done("GET", f"vms/{vm['id']}"))["vm"]["status"] == "stopping"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the states in which whoever waits for a start has seen the machine."""
    seen: list[str] = []
    fails = power.fails_to_start

    def noted(machine: VirtualMachine) -> bool:
        seen.append(str(machine.status.state) if machine.status else "")
        return fails(machine)

    monkeypatch.setattr(power, "fails_to_start", noted)
    return seen


async def starting(managed: Managed, looked: list[str], **status: Any) -> asyncio.Task[Result]:
    """Asks for a start, and waits until whoever asked has seen the machine like this."""
    vm = await made(managed)
    asked = asyncio.create_task(managed.ask("POST", f"vms/{vm['id']}/start"))
    await managed.once(VirtualMachine, "web", wanted)
    await managed.is_now("web", **status)
    await until(lambda: status["state"] in looked)
    return asked


@pytest.mark.parametrize(
    "status",
    [
        {"state": "Starting"},
        {"state": "Pending"},
        {"state": "Stopped", "conditions": [condition("Stalled", "False"), condition("Ready", "False", "it is off")]},
    ],
    ids=["starting", "pending", "not stalled"],
)
async def test_it_starts(managed: Managed, looked: list[str], status: dict[str, Any]) -> None:
    asked = await starting(managed, looked, **status)
    await managed.is_now("web", "Running")
    started = (await asked).json
    assert started["vm"]["status"] == "running"
    assert started["command"] == "qemu-system-x86_64 -m 64 -smp 2 -name web -vnc :0"
    assert await managed.refused(400, "POST", f"vms/{started['vm']['id']}/start") == "web is already running"


async def test_what_it_failed_of_before_is_no_failure_now(managed: Managed, looked: list[str]) -> None:
    vm = await made(managed)
    await managed.is_now("web", "Failed")
    asked = asyncio.create_task(managed.ask("POST", f"vms/{vm['id']}/start"))
    await until(lambda: "Failed" in looked)
    await managed.is_now("web", "Running")
    assert (await asked).status_code == 200


async def test_that_it_ran_before_is_no_start(managed: Managed, looked: list[str]) -> None:
    vm = await made(managed)
    await managed.is_now("web", "Running")  # it was stopped since
    await managed.desk.machines.patch(await managed.desk.machines.get("web"), {"spec": {"resources": {"vcpu": 1}}})
    asked = asyncio.create_task(managed.ask("POST", f"vms/{vm['id']}/start"))
    await until(lambda: "Running" in looked)
    await managed.is_now("web", "Failed")
    assert (await asked).status_code == 500


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {"state": "Stopped", "conditions": [condition("Stalled", "True", "no such network")]},
            "no such network",
        ),
        ({"state": "Failed", "conditions": [condition("Ready", "False", "it crashed")]}, "it crashed"),
        ({"state": "CrashLoopBackOff"}, "it did not within 60 seconds"),
        ({"state": "Succeeded"}, "it did not within 60 seconds"),
    ],
    ids=["stalled", "failed", "crashing", "over"],
)
async def test_one_that_does_not_start_is_off_again(
    managed: Managed, looked: list[str], status: dict[str, Any], said: str
) -> None:
    answer = await (await starting(managed, looked, **status))
    assert (answer.status_code, answer.json["error"]) == (500, f"The VM does not start: {said}")
    assert wanted(await managed.desk.machines.get("web")) is (status["state"] == "Succeeded"), "that is off as it is"


@pytest.mark.usefixtures("hasty")
async def test_one_that_takes_too_long_is_off_again(managed: Managed, looked: list[str]) -> None:
    """What is well is no reason."""
    answer = await (await starting(managed, looked, state="Starting", conditions=[condition("Scheduled", "True", "host local")]))
    assert (answer.status_code, answer.json["error"]) == (500, "The VM does not start: it did not within 0 seconds")
    assert not wanted(await managed.desk.machines.get("web"))


async def test_one_that_goes_meanwhile_does_not_start(managed: Managed) -> None:
    vm = await made(managed)
    asked = asyncio.create_task(managed.refused(500, "POST", f"vms/{vm['id']}/start"))
    found = await managed.once(VirtualMachine, "web", wanted)
    await managed.desk.machines.delete(found, True)
    await managed.lets_go(VirtualMachine, "web")
    assert await asked == "The VM was deleted meanwhile"


async def test_it_stops(managed: Managed) -> None:
    vm = await made(managed)
    await managed.desk.machines.start("web")
    await managed.is_now("web", "Running")
    assert "has not shut down yet" in await managed.refused(500, "POST", f"vms/{vm['id']}/stop")
    assert not wanted(await managed.desk.machines.get("web"))
    await managed.is_now("web", "Stopped")
    for _ in range(2):
        assert await managed.done("POST", f"vms/{vm['id']}/stop") == {"message": "VM stopped successfully"}


async def test_it_works(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await managed.done("GET", "health")
    assert told["status"] == "ok" and told["timestamp"].endswith("Z")

    def broken() -> int:
        raise StoreError("the index cannot be read")

    monkeypatch.setattr(managed.changes, "version", broken)
    assert await managed.refused(500, "GET", "health") == "the index cannot be read"
