"""`homeostat get orphans`, `delete orphan` and what doctor says of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from homeostat.cli.commands.doctor import check_orphans, check_unserved
from homeostat.models.base import Key
from homeostat.models.host import Host, HostMeta
from homeostat.planner.orphans import Orphan
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.placing import forget_hosts
from homeostat.store.files.store import FilesStore
from tests.unit.cli_state import CliState

LOST = Orphan("default", "db", "running", "db", "uuid", "", "2026-01-01T00:00:00Z", "w", "/nowhere", ("root",))
KEPT = Orphan("prod", "old", "retained", directory="/nowhere", disks=("data",))


@pytest.fixture
def state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    made = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    made.store.note_orphans("local", [LOST, KEPT])
    return made


def spec_of(store: FilesStore, name: str) -> dict[str, object]:
    row = store.index.row(Key("VirtualMachine", "default", name))
    assert row is not None and row.deleted is not None and row.file is None
    found: dict[str, object] = json.loads(row.spec)
    return found


def test_the_table_says_why_it_stays_and_what_to_do(state: CliState) -> None:
    said = state.homeostat("get", "orphans")
    assert said.code == 0 and "no operator runs on this state" in said.err
    heading, line, _, advice = said.out.splitlines()
    assert heading.split() == ["NAME", "HOST", "STATE", "DOMAIN", "DISKS", "SIZE", "LAST", "WRITTEN", "WHY"]
    assert line.split()[:6] == ["db", "local", "running", "db", "root", "-"] and "nothing is deleted by guess" in line
    assert advice.startswith("db: write the machine again") and "`homeostat delete orphan db`" in advice
    assert "old" in state.homeostat("get", "orphans", "-A").out


def test_forms_for_programs(state: CliState) -> None:
    (item,) = json.loads(state.homeostat("get", "orphans", "-o", "json").out)
    assert (item["name"], item["state"], item["lastWritten"]) == ("db", "running", "2026-01-01T00:00:00Z")
    assert state.homeostat("get", "orphans", "-o", "name", "-A").out == "orphan/db\norphan/old\n"
    assert state.homeostat("get", "orphans", "nosuch").code == 1


def test_none_is_said(state: CliState) -> None:
    state.store.note_orphans("local", [])
    said = state.homeostat("get", "orphans")
    assert (said.code, said.out) == (0, "") and "No orphans" in said.err


def test_one_is_deleted_only_when_it_is_meant(state: CliState) -> None:
    said = state.homeostat("delete", "orphan", "db")
    assert said.code == 1 and "nothing was deleted" in said.err and "domain db (running), disks root in /nowhere" in said.out
    assert state.store.index.rows() == []
    said = state.homeostat("delete", "orphan", "db", "--yes")
    assert said.code == 0 and "orphan/db is being deleted" in said.out and "no operator is running" in said.err
    assert spec_of(state.store, "db") == {"disks": [{"name": "root", "size": "1Gi"}], "reclaimPolicy": "Delete"}
    assert "another identity" in state.homeostat("delete", "orphan", "db", "--yes").err


def test_its_disks_may_stay(state: CliState) -> None:
    state.homeostat("delete", "orphan", "db", "--yes", "--keep-disks")
    assert spec_of(state.store, "db")["reclaimPolicy"] == "Retain"


def test_a_name_that_is_none_is_told(state: CliState) -> None:
    said = state.homeostat("delete", "orphan", "db", "nosuch", "--yes")
    assert said.code == 1 and "no orphan named nosuch" in said.err and state.store.index.rows() == []


def test_doctor_tells_of_those_that_nobody_wanted(state: CliState, tmp_path: Path) -> None:
    (check,) = check_orphans(state.state)
    assert (check.ok, check.found) == (None, "1 belong to no resource: default/db") and "get orphans -A" in check.mend
    state.store.note_orphans("local", [KEPT])
    assert [c.ok for c in check_orphans(state.state)] == [True]
    assert check_orphans(tmp_path / "never") == []


def test_doctor_names_a_host_that_has_machines_and_that_nobody_serves(state: CliState, tmp_path: Path) -> None:
    known = {
        "a": KnownHost("test:///a", served=True, used=True), "b": KnownHost("test:///b", served=False, used=True),
        "c": KnownHost("test:///c", served=False),
    }  # fmt: skip
    assert check_unserved(state.state) == [] == check_unserved(tmp_path / "never")
    write_hosts(state.store.state, known)
    (check,) = check_unserved(state.state)
    assert (check.name, check.ok) == ("b: served", False) and "--host b=test:///b" in check.mend


def test_with_one_host_again_nothing_is_shown_of_several(state: CliState) -> None:
    store = state.store
    host = Host(metadata=HostMeta(name="a"))
    asyncio.run(store.apply_owned(host))
    store.note_orphans("a", [KEPT])
    forget_hosts(store.index, "local")
    assert store.readable(Host) == [] and store.all_orphans() == {"local": [LOST, KEPT]}
    forget_hosts(store.index, "local")
    assert store.all_orphans() == {"local": [LOST, KEPT]}


def test_disks_of_a_name_that_another_host_has_are_for_a_person(state: CliState) -> None:
    state.store.note_orphans("local", [Orphan("default", "web", "machine elsewhere", directory="/far/web", disks=("root",))])
    said = state.homeostat("delete", "orphan", "web", "--yes")
    assert said.code == 1 and "the machine of its name is on another host" in said.err
    assert "move what you need out of /far/web" in said.err
