"""`homeostat audit`: who did what with accounts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.cli.commands import audit
from homeostat.cli.main import run
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.unaudited import Editor
from tests.accounts.calls import Call


@pytest.fixture(autouse=True)
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")


@pytest.fixture
def done(call: Call) -> None:
    call("user", "add", "root", "--role", "administrator", "--no-password")
    call("user", "add", "bob", "--no-password")
    call("user", "role", "bob", "moderator")


def test_where_nothing_was_done(call: Call) -> None:
    assert call("audit").out == "The audit holds no such entry.\n"
    assert call("audit", "-o", "json").out == "[]\n"
    assert call("audit", "-o", "jsonl").out == ""


def test_a_table_of_it(call: Call, done: None) -> None:
    rows = [line.split() for line in call("audit").out.splitlines()[1:]]
    assert [row[1:] for row in rows] == [
        ["(host)", "user", "ann", "add", "Account/root", "Done", "as", "administrator"],
        ["(host)", "user", "ann", "add", "Account/bob", "Done", "as", "user"],
        ["(host)", "user", "ann", "set", "role", "Account/bob", "Done", "user", "->", "moderator"],
    ]


def test_for_programs(call: Call, done: None) -> None:
    lines = [json.loads(line) for line in call("audit", "-o", "jsonl", "--tail", "2").out.splitlines()]
    assert [(line["verb"], line["name"], line["from"]) for line in lines] == [
        ("add", "bob", "user ann"),
        ("set role", "bob", "user ann"),
    ]
    assert json.loads(call("audit", "-o", "json", "--verb", "set role").out) == [lines[1]]
    assert call("audit", "-o", "yaml", "--name", "root").out.count("- id:") == 1
    assert call("audit", "--since", "1h", "--outcome", "Refused", "-o", "jsonl").out == ""


def test_it_goes_on(call: Call, done: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt
        run(["user", "ban" if len(waits) == 1 else "unban", "bob", "--state", str(tmp_path / "state")])

    monkeypatch.setattr(audit.time, "sleep", wait)
    said = call("audit", "-w", "-o", "jsonl", "--tail", "1", code=130).out.splitlines()
    assert [json.loads(line)["verb"] for line in said if line.startswith("{")] == ["set role", "ban", "unban"]


@pytest.mark.parametrize("words", [("--since", "soon"), ("--since", "9" * 30 + "d"), ("-w", "-o", "json")])
def test_what_is_refused(call: Call, words: tuple[str, ...]) -> None:
    said = call("audit", *words, code=1)
    assert said.out == "" and "defect" not in said.err


def test_edits_of_the_folder_are_in_it_without_a_server(call: Call, done: None, tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    (tmp_path / "folder").mkdir(exist_ok=True)
    store = FilesStore.open(tmp_path / "folder", state, editor=Editor("cli", "ann"))
    store.create("VirtualMachine", {"metadata": {"name": "web"}}, "cli")
    store.close()
    for _ in range(2):
        (line,) = call("audit", "--author", "ann").out.splitlines()[1:]
        assert line.split()[1:] == [
            "ann", "(cli)", "<none>", "create", "VirtualMachine/web", "(namespace", "default)", "Done", "<none>",
        ]  # fmt: skip
    assert "VirtualMachine/web" not in call("audit", "--how", "host").out


def test_an_index_that_is_damaged_hides_nothing_else(call: Call, done: None, tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    state.index.write_bytes(b"no index at all" * 100)
    found = call("audit", "--how", "host")
    assert len(found.out.splitlines()) == 4 and "are missing here: the index" in found.err
