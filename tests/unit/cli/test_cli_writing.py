"""apply, delete, start, stop, restart: edits of the YAML, told as kubectl tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.machine import MachineState
from tests.unit.cli_state import FRAME, CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def given(tmp_path: Path, text: str) -> str:
    path = tmp_path / "given.yaml"
    path.write_text(text)
    return str(path)


def test_apply_creates_then_finds_nothing_then_configures(cli: CliState, tmp_path: Path) -> None:
    name = given(tmp_path, FRAME.format(name="web") + "spec:\n  disks:\n  - {name: root, image: {path: base.qcow2}}\n")
    assert cli.homeostat("apply", "-f", name).out == "virtualmachine.homeostat.dev/web created\n"
    # A path relative to the given file still means that file.
    assert str(tmp_path / "base.qcow2") in (cli.folder / "virtualmachines" / "web.yaml").read_text()
    assert cli.homeostat("apply", "-f", name).out == "virtualmachine.homeostat.dev/web unchanged\n"
    name = given(tmp_path, FRAME.format(name="web") + "spec:\n  resources: {memory: 1Gi}\n")
    assert cli.homeostat("apply", "-f", name, "--dry-run").out == "virtualmachine.homeostat.dev/web configured (dry run)\n"
    assert cli.homeostat("apply", "-f", name).out == "virtualmachine.homeostat.dev/web configured\n"
    text = (cli.folder / "virtualmachines" / "web.yaml").read_text()
    assert "1Gi" in text and "disks" not in text


def test_one_mistake_and_nothing_is_written(cli: CliState, tmp_path: Path) -> None:
    name = given(tmp_path, FRAME.format(name="good") + "---\n" + FRAME.format(name="bad") + "spec:\n  runStrateg: Always\n")
    said = cli.homeostat("apply", "-f", name)
    assert said.code == 1
    assert "given.yaml:11:3: spec.runStrateg: unknown field; did you mean runStrategy?" in said.err
    assert list(cli.folder.iterdir()) == []


def test_apply_of_a_file_of_the_folder_leaves_it_to_the_operator(cli: CliState) -> None:
    path = cli.folder / "web.yaml"
    path.write_text(FRAME.format(name="web"))
    assert "is in the folder already" in cli.homeostat("apply", "-f", str(path)).out
    assert list(cli.folder.rglob("*.yaml")) == [path]


def test_delete_takes_the_document_out(cli: CliState) -> None:
    web, db = cli.write("web"), cli.write("db")
    said = cli.homeostat("delete", "vm", "web")
    assert said.out == "virtualmachine.homeostat.dev/web deleted\n"
    assert "no operator is running" in said.err
    assert not web.exists() and db.exists()


def test_delete_of_a_missing_one_deletes_none(cli: CliState) -> None:
    web = cli.write("web")
    assert cli.homeostat("delete", "vm", "web", "nope").code == 1
    assert web.exists()
    assert cli.homeostat("delete", "vm", "nope", "--ignore-not-found").code == 0


def test_delete_without_names_needs_all_or_a_selector(cli: CliState) -> None:
    web = cli.write("web", labels="  labels: {app: web}\n")
    assert "which ones?" in cli.homeostat("delete", "vm").err
    assert web.exists()
    assert cli.homeostat("delete", "vm", "-l", "app=web").code == 0
    assert not web.exists()


def test_stop_and_start_edit_the_spec_in_place(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  # stays\n  runStrategy: Always\n")
    assert "patched (stop: runStrategy: Halted)" in cli.homeostat("stop", "web").out
    assert path.read_text().endswith("spec:\n  # stays\n  runStrategy: Halted\n")
    assert "patched (start: runStrategy: Always)" in cli.homeostat("start", "vm/web").out
    assert "unchanged" in cli.homeostat("start", "vm", "web").out
    assert "poweredOffAt" in cli.homeostat("stop", "web", "--force").out


def test_restart_sets_the_token_and_resume_without_suspend_changes_nothing(cli: CliState) -> None:
    path = cli.write("web")
    assert cli.homeostat("restart", "web").code == 0
    assert "restartedAt" in path.read_text()
    assert "unchanged" in cli.homeostat("resume", "web").out
    cli.homeostat("suspend", "web")
    assert "suspend: true" in path.read_text()


def test_of_several_names_all_must_exist(cli: CliState) -> None:
    path = cli.write("web")
    before = path.read_text()
    said = cli.homeostat("stop", "web", "nope")
    assert said.code == 1 and "NotFound" in said.err
    assert path.read_text() == before


def test_held_back_deletions_are_confirmed_by_the_command_that_the_message_names(cli: CliState) -> None:
    for i in range(12):
        cli.write(f"web-{i}")
    for path in cli.folder.glob("*.yaml"):
        path.unlink()
    cli.store.sync()
    assert "`homeostat apply --prune`" in str(cli.store.errors()[0])
    assert "12 would be deleted (dry run)" in cli.homeostat("apply", "--prune", "--dry-run").out
    assert "12 deleted" in cli.homeostat("apply", "--prune", "--yes").out
    assert "No deletion waits" in cli.homeostat("prune").out
    assert cli.homeostat("apply").code == 2


JOB = """apiVersion: homeostat.dev/v1alpha1
kind: Plugin
metadata:
  name: job
spec:
  version: "1"
  workload: {type: batch}
  resources: {memory: 128Mi}
  kernel: {path: /boot/vmlinuz}
"""


def test_start_runs_a_job_once_more_but_not_while_it_runs(cli: CliState) -> None:
    """Its spec does not say that it runs once: its plugin does."""
    (cli.folder / "job.yaml").write_text(JOB)
    path = cli.write("report", "spec:\n  pluginRef: {name: job}\n")
    cli.report("report", state=MachineState.RUNNING)
    assert "unchanged" in cli.homeostat("start", "report").out
    cli.report("report", state=MachineState.SUCCEEDED)
    assert "patched (start: restartedAt: " in cli.homeostat("start", "report").out
    assert "restartedAt" in path.read_text()
    assert "128Mi" in cli.homeostat("get", "vms", "-o", "wide").out


def test_start_does_not_restart_what_runs_by_hand(cli: CliState) -> None:
    cli.write("web", "spec:\n  runStrategy: Manual\n  power: Running\n")
    cli.report("web", state=MachineState.RUNNING)
    assert "unchanged" in cli.homeostat("start", "web").out
    assert "patched (restart: power: Running, restartedAt: " in cli.homeostat("restart", "web").out
    cli.report("web", state=MachineState.STOPPED)
    assert "patched (start: power: Running, restartedAt: " in cli.homeostat("start", "web").out
