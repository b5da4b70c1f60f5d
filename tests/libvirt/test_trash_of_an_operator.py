"""What is deleted while an operator runs is found again by what comes back, and goes for good when its time is over."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.assembly import job as jobs
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.trash import Space
from homeostat.runtime.engine import steady
from homeostat.runtime.engine.ports import Event
from homeostat.runtime.engine.supervise import STATE
from homeostat.runtime.machine.trash import empty_trash
from tests.libvirt.running import Running, running

MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: web}
spec:
  resources: {memory: 64Mi}
  shutdown: {gracePeriodSeconds: 0}
  disks: [{name: data, size: 1Mi}, {name: kept, size: 1Mi, reclaimPolicy: Retain}]
"""
DEPLOYMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata: {name: fleet}
spec:
  replicas: %d
  template:
    spec:
      resources: {memory: 64Mi}
      shutdown: {gracePeriodSeconds: 0}
      disks: [{name: data, size: 1Mi}]
"""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - statuses set no event
            await asyncio.sleep(0.05)


def disks(root: Path, room: str) -> dict[str, int]:
    """Disk -> inode. One that goes to the trash while it is looked at counts as gone."""
    found = {}
    for folder, _, names in os.walk(root / "state" / room):
        for name in fnmatch.filter(names, "*.qcow2"):
            path = Path(folder, name)
            with contextlib.suppress(FileNotFoundError):
                found[f"{path.parent.name}/{name}" if room == "machines" else name] = path.stat().st_ino
    return found


def web_events(operator: Running) -> list[Event]:
    return list(operator.parts.store.events(0, Key("VirtualMachine", "default", "web"), 100))


def told(operator: Running) -> list[tuple[str, str]]:
    return [(event.reason, event.message) for event in web_events(operator)]


async def deleted_web(operator: Running) -> None:
    """A machine is made, and then its file goes."""
    operator.write("stay")  # a folder that becomes empty deletes nothing
    file = operator.folder / "web.yaml"
    file.write_text(MACHINE)
    await until(lambda: operator.ready("web"))
    file.unlink()
    await until(lambda: operator.machine("web") is None)


async def test_br02_what_comes_back_after_its_deletion_is_complete_finds_its_disks(tmp_path: Path) -> None:
    async with running(tmp_path) as operator:
        operator.write("stay")  # a folder that becomes empty deletes nothing
        file = operator.folder / "web.yaml"
        file.write_text(MACHINE)
        await until(lambda: operator.ready("web"))
        before, uuids = disks(tmp_path, "machines"), {d.uuid for d in operator.parts.host.domains()}
        file.unlink()
        await until(lambda: operator.machine("web") is None)
        assert list(disks(tmp_path, "machines")) == ["web/kept.qcow2"] and list(disks(tmp_path, "trash")) == ["data.qcow2"]
        last = next(message for reason, message in told(operator) if reason == "Deleted")
        assert "in the trash: data in default.web-" in last and "keeps kept.qcow2" in last and "everything" not in last
        file.write_text(MACHINE)
        await until(lambda: operator.ready("web"))
        assert disks(tmp_path, "machines") == before and not disks(tmp_path, "trash")
        assert {d.uuid for d in operator.parts.host.domains()} == uuids
        (restored,) = [message for reason, message in told(operator) if reason == "Restored"]
        assert "web/data.qcow2 from trash entry default.web-" in restored and "the resource was deleted" in restored


async def test_findings_deletion_of_a_machine_without_disks_says_that_everything_is_gone(tmp_path: Path) -> None:
    async with running(tmp_path) as operator:
        operator.write("stay")  # a folder that becomes empty deletes nothing
        file = operator.write("web")
        await until(lambda: operator.ready("web"))
        file.unlink()
        await until(lambda: operator.machine("web") is None)
        assert ("Deleted", "everything of it is gone") in told(operator)


async def test_br02_a_deployment_that_comes_back_has_its_disks_and_one_that_is_scaled_begins_afresh(tmp_path: Path) -> None:
    async with running(tmp_path) as operator:
        operator.write("stay")  # a folder that becomes empty deletes nothing
        file = operator.folder / "fleet.yaml"
        file.write_text(DEPLOYMENT % 2)
        await until(lambda: operator.ready("fleet-1", "fleet-2"))
        before = disks(tmp_path, "machines")
        file.unlink()
        await until(lambda: operator.machine("fleet-1") is None and operator.machine("fleet-2") is None)
        assert not disks(tmp_path, "machines")
        file.write_text(DEPLOYMENT % 2)
        await until(lambda: operator.ready("fleet-1", "fleet-2"))
        assert disks(tmp_path, "machines") == before
        file.write_text(DEPLOYMENT % 1)
        await until(lambda: operator.machine("fleet-2") is None)
        file.write_text(DEPLOYMENT % 2)
        await until(lambda: operator.ready("fleet-2"))
        after = disks(tmp_path, "machines")
        assert after["fleet-1/data.qcow2"] == before["fleet-1/data.qcow2"]
        assert list(disks(tmp_path, "trash").values()) == [before["fleet-2/data.qcow2"]] != [after["fleet-2/data.qcow2"]]


async def test_br02_disks_kept_of_a_stateful_index_come_back_with_the_deployment(tmp_path: Path) -> None:
    stateful = DEPLOYMENT.replace("  replicas", "  stateful: true\n  strategy: {rollingUpdate: {maxUnavailable: 1}}\n  replicas")
    async with running(tmp_path) as operator:
        operator.write("stay")
        file = operator.folder / "fleet.yaml"
        file.write_text(stateful % 2)
        await until(lambda: operator.ready("fleet-1", "fleet-2"))
        before = disks(tmp_path, "machines")
        file.write_text(stateful % 1)
        await until(lambda: operator.machine("fleet-2") is None)
        assert disks(tmp_path, "machines") == before
        file.unlink()
        await until(lambda: not disks(tmp_path, "machines"))
        await until(lambda: operator.parts.store.index.row(Key("VirtualMachineDeployment", "default", "fleet")) is None)
        file.write_text(stateful % 2)
        await until(lambda: operator.ready("fleet-1", "fleet-2"))
        assert disks(tmp_path, "machines") == before


async def test_what_a_machine_of_the_store_may_take_back_is_not_erased_though_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as operator:
        await deleted_web(operator)
        (label,) = (tmp_path / "state" / "trash").glob("*/label.json")
        over = json.loads(label.read_text()) | {"until": "2026-01-01T00:00:00Z"}
        label.write_text(json.dumps(over))
        parts = operator.parts
        back = VirtualMachine.model_validate(
            {
                "metadata": {"name": "web", "namespace": "default", "uid": over["uid"]},
                "spec": {"disks": [{"name": "data", "size": "1Mi"}]},
            }
        )

        async def get(kind: type[VirtualMachine], key: Key) -> VirtualMachine:
            return back

        metrics = parts.operator.metrics
        with monkeypatch.context() as patched:
            patched.setattr(parts.store, "get", get)
            assert await empty_trash(parts.store, parts.host, lambda: None, metrics) == [] and disks(tmp_path, "trash")
        assert len(await empty_trash(parts.store, parts.host, lambda: None, metrics)) == 1 and not disks(tmp_path, "trash")


async def test_nothing_is_erased_while_what_came_back_may_not_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "TRASH_EVERY", 0.02)
    monkeypatch.setattr(jobs, "TRASH_POLL_SECONDS", 0.02)
    async with running(tmp_path) as operator:
        await deleted_web(operator)
        operator.parts.supervisor.failed(STATE, OSError("no space"))
        (label,) = (tmp_path / "state" / "trash").glob("*/label.json")
        label.write_text(json.dumps(json.loads(label.read_text()) | {"until": "2026-01-01T00:00:00Z"}))
        operator.write("another")
        await until(lambda: operator.ready("another"))
        assert disks(tmp_path, "trash")
        operator.parts.supervisor.recovered(STATE)
        scrape = operator.parts.operator.metrics.registry.get_sample_value
        await until(lambda: scrape("homeostat_trash_entries", {"host": "local"}) == 1)
        assert disks(tmp_path, "trash"), "an operator that has just started does not know whether its clock is right"
        monkeypatch.setattr(steady, "HOLD", 0.0)
        await until(lambda: not disks(tmp_path, "trash"))


async def test_what_is_over_its_time_is_erased_and_its_machine_s_events_say_so(tmp_path: Path) -> None:
    async with running(tmp_path) as operator:
        await deleted_web(operator)
        metrics, scrape = operator.parts.operator.metrics, operator.parts.operator.metrics.registry.get_sample_value
        host, store = operator.parts.host, operator.parts.store
        assert await empty_trash(store, host, lambda: None, metrics) == []
        assert scrape("homeostat_trash_entries", {"host": "local"}) == 1
        assert (scrape("homeostat_trash_bytes", {"host": "local"}) or 0) > 0
        (label,) = (tmp_path / "state" / "trash").glob("*/label.json")
        label.write_text(json.dumps(json.loads(label.read_text()) | {"until": "2026-01-01T00:00:00Z"}))
        (gone,) = await empty_trash(store, host, lambda: None, metrics)
        assert not disks(tmp_path, "trash") and os.listdir(tmp_path / "state" / "trash") == [".lock"]
        assert scrape("homeostat_trash_entries", {"host": "local"}) == 0
        (event,) = [event for event in web_events(operator) if event.reason == "TrashErased"]
        assert (event.type, gone.entry.entry in event.message) == ("Normal", True)
        assert "set aside until 2026-01-01" in event.message


async def test_what_is_erased_for_lack_of_space_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as operator:
        await deleted_web(operator)

        async def full() -> Space:
            return Space(0, 100 * 2**30)

        host = operator.parts.host
        monkeypatch.setattr(host, "space", full)
        (gone,) = await empty_trash(operator.parts.store, host, lambda: None, operator.parts.operator.metrics)
        (event,) = [event for event in web_events(operator) if event.reason == "TrashErased"]
        assert (gone.scarce, event.type) == (True, "Warning")
        assert "space is low" in event.message
