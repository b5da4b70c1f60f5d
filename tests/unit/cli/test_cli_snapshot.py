"""snapshot create, list, restore, delete: edits of the YAML, without an operator."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
import yaml

from homeostat.models.base import Key
from homeostat.models.condition import Condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from tests.unit.cli_state import CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    made = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    made.write("web")
    return made


def spec_of(cli: CliState, path: str) -> object:
    return yaml.safe_load((cli.folder / path).read_text())["spec"]


def taken(cli: CliState, name: str) -> None:
    """As the operator says it."""
    key = Key(Snapshot.KIND, "default", name)
    found = asyncio.run(cli.store.get(Snapshot, key))
    assert found is not None
    ready = Condition(type="Ready", status="True", reason="Taken")
    status = SnapshotStatus(conditions=(ready,), consistency="Agent", taken_at="2026-01-01T00:00:00Z", size=2**20, host="local")
    asyncio.run(cli.store.write_status(key, found.metadata.uid, status))


def test_create_writes_one(cli: CliState) -> None:
    said = cli.homeostat("snapshot", "create", "vm/web", "before", "--memory", "--quiesce", "Never")
    assert (said.code, said.out) == (0, "snapshot.homeostat.dev/before created\n") and "no operator is running" in said.err
    assert spec_of(cli, "snapshots/before.yaml") == {"machineRef": {"name": "web"}, "memory": True, "quiesce": "Never"}
    assert cli.homeostat("snapshot", "create", "web").code == 0
    (path,) = (cli.folder / "snapshots").glob("web-2*.yaml")
    assert spec_of(cli, f"snapshots/{path.name}") == {"machineRef": {"name": "web"}}


def test_create_of_a_machine_that_is_not_there_writes_none(cli: CliState) -> None:
    said = cli.homeostat("snapshot", "create", "wbe")
    assert said.code == 1 and 'virtualmachines "wbe" not found' in said.err
    assert not (cli.folder / "snapshots").exists()
    for wrong in ("a/b", "$(id)", "../x", "UPPER", "two\nlines"):
        assert cli.homeostat("snapshot", "create", "web", wrong).code == 1
    assert not list(cli.folder.glob("snapshots/*.yaml"))


def test_list_shows_those_of_a_machine(cli: CliState) -> None:
    assert "No snapshots found." in cli.homeostat("snapshot", "list").err
    cli.write("db")
    for machine in ("web", "db"):
        cli.homeostat("snapshot", "create", machine, f"of-{machine}")
    taken(cli, "of-web")
    said = cli.homeostat("snapshot", "list").out
    assert "of-web" in said and "of-db" in said
    said = cli.homeostat("snapshot", "list", "web").out
    assert "of-web" in said and "Agent" in said and "1Mi" in said and "of-db" not in said


def test_restore_writes_the_token_once_it_is_taken(cli: CliState) -> None:
    cli.homeostat("snapshot", "create", "web", "before")
    said = cli.homeostat("snapshot", "restore", "before", "--yes")
    assert said.code == 1 and "is not ready to go back to" in said.err
    taken(cli, "before")
    said = cli.homeostat("snapshot", "restore", "before", "--yes", "--token", "one")
    assert said.code == 0 and "restoreFrom: before, token one" in said.out
    assert spec_of(cli, "web.yaml") == {"restoreFrom": {"snapshot": "before", "token": "one"}}
    assert cli.homeostat("snapshot", "restore", "after", "--yes").code == 1


def test_restore_without_anybody_to_ask_says_what_to_pass(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.homeostat("snapshot", "create", "web", "before")
    taken(cli, "before")
    for typed, code in (("", 1), ("n\n", 1), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        said = cli.homeostat("snapshot", "restore", "before", "--token", "one")
        assert said.code == code, said
        assert code == 0 or ("nothing was changed" in said.err and "--yes does not ask" in said.err)
    assert "interrupted" not in said.err


def test_delete_takes_it_out(cli: CliState) -> None:
    cli.homeostat("snapshot", "create", "web", "before")
    said = cli.homeostat("snapshot", "delete", "before")
    assert (said.code, said.out) == (0, "snapshot.homeostat.dev/before deleted\n")
    assert not list(cli.folder.glob("snapshots/*.yaml"))
    assert cli.homeostat("snapshot", "delete", "none").code == 1
