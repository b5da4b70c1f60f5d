"""FINDINGS, Terminal: commits say who and what, an edit that nobody commits is told, names sort as people count, and the state
remembers its libvirt."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pytest

from homeostat.cli.settings import CliSettings
from homeostat.models.base import Key, natural
from homeostat.store.files.commits.message import SUBJECT_MAX, change_message, signed
from homeostat.store.files.state import StateFolder
from tests.unit.cli_state import CliState

KEY = Key("VirtualMachine", "default", "uefi")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CliState:
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def git(cli: CliState, *words: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    done = subprocess.run(["git", "-C", str(cli.folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(cli: CliState) -> None:
    cli.write("web")
    git(cli, "init", "--quiet")
    git(cli, "add", ".")
    git(cli, "commit", "--quiet", "-m", "begin")


def test_findings_terminal_a_commit_says_what_and_who() -> None:
    message = change_message(KEY, {"spec": {"runStrategy": "Always"}}, {"spec": {"runStrategy": "Halted"}})
    subject, empty, line = message.splitlines()
    assert subject == "Change VirtualMachine/default/uefi: runStrategy: Always -> Halted"[:SUBJECT_MAX] and empty == ""
    assert line == "- runStrategy: Always -> Halted"
    assert signed(message, "cli").splitlines()[-1].startswith("Asked for by: cli, as ")
    assert signed("Create x", "api").splitlines()[:2] == ["Create x", ""]


def test_findings_terminal_a_subject_has_room_for_fields_or_for_none() -> None:
    many = {f"field{i}": "x" * 30 for i in range(3)}
    assert change_message(KEY, {"spec": {}}, {"spec": {"description": "x" * 90}}).splitlines()[0].endswith(": description")
    assert (
        change_message(KEY, {"spec": dict.fromkeys(many, "y")}, {"spec": many}).splitlines()[0].endswith("field0, field1, field2")
    )
    lots = {f"a-long-name-{i}": "x" for i in range(40)}
    message = change_message(KEY, {"spec": dict.fromkeys(lots, "y")}, {"spec": lots})
    assert message.splitlines()[0] == f"Change {KEY}"
    assert message.splitlines()[-1] == "- and 20 more"


def test_security_11_a_commit_message_holds_no_secret_and_no_second_line() -> None:
    old = {"spec": {"image": "https://u:geheim@host/a?t=geheim", "userData": "a\nForged-By: me"}}
    message = change_message(KEY, old, {"spec": {"image": "https://host/b", "userData": "b"}})
    assert "geheim" not in message
    assert not any(line.startswith("Forged") for line in message.splitlines())


def test_findings_terminal_an_edit_that_nobody_commits_is_told(cli: CliState) -> None:
    committed(cli)
    said = cli.homeostat("stop", "web")
    assert "note: web.yaml: changed and not committed" in said.err
    assert "`homeostat up --commit`" in said.err
    assert "not committed" not in cli.homeostat("get", "vms").err


def test_findings_terminal_an_edit_that_is_committed_needs_no_word(cli: CliState) -> None:
    committed(cli)
    cli.store.committer.turn(True)
    assert "not committed" not in cli.homeostat("stop", "web").err
    message = git(cli, "log", "-1", "--format=%B")
    assert message.startswith("Change VirtualMachine/default/web: metadata.annotations, runStrategy\n\n- ")
    assert "- runStrategy: none -> Halted" in message and "Asked for by: cli, as " in message


def test_security_12_what_a_hook_of_git_says_is_text(cli: CliState, caplog: pytest.LogCaptureFixture) -> None:
    committed(cli)
    cli.store.committer.turn(True)
    hook = cli.folder / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nprintf '\\033[2Jno, see https://u:geheim@host/'\nexit 1\n")
    hook.chmod(0o755)
    assert cli.homeostat("stop", "web").code == 0
    assert logging.lastResort is not None  # a test catches the log: this is what would print it
    printed = [logging.lastResort.format(record) for record in caplog.records]
    events = cli.homeostat("events").out
    for said in (*printed, events):
        assert "\x1b" not in said and "geheim" not in said
    assert "no, see https://***@host/" in printed[0] and "CommitFailed" in events


def test_findings_terminal_where_there_is_no_git_nothing_is_told(cli: CliState) -> None:
    cli.write("web")
    assert "not committed" not in cli.homeostat("stop", "web").err


def test_findings_terminal_names_sort_as_people_count(cli: CliState) -> None:
    for name in ("web-10", "web-2", "web-1", "db", "web"):
        cli.write(name)
    names = [line.split()[0] for line in cli.homeostat("get", "vms", "--no-headers").out.splitlines()]
    assert names == ["db", "web", "web-1", "web-2", "web-10"]
    assert sorted(["a10b2", "a2b10", "a2b9", "10", "9", "a"], key=natural) == ["9", "10", "a", "a2b9", "a2b10", "a10b2"]


def test_findings_terminal_the_state_remembers_its_libvirt(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    settings = CliSettings(given_state=str(tmp_path / "state"))
    assert settings.uri.startswith("qemu:///")
    state.remember_libvirt("qemu+unix:///system?socket=/run/own/libvirt-sock")
    assert settings.uri == "qemu+unix:///system?socket=/run/own/libvirt-sock"
    assert CliSettings(given_state=str(tmp_path / "state"), given_uri="test:///default").uri == "test:///default"
    before = (tmp_path / "state/libvirt").stat()
    state.remember_libvirt("qemu+unix:///system?socket=/run/own/libvirt-sock")
    assert (tmp_path / "state/libvirt").stat().st_mtime_ns == before.st_mtime_ns
    assert before.st_mode & 0o077 == 0
