"""stop notes which runStrategy it replaced, and start brings that back (BR-03)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from homeostat.models.base import API_VERSION, Key
from homeostat.models.machine import MachineState
from tests.unit.cli_state import CliState, Said

MANUAL = "spec:\n  runStrategy: Manual  # by hand\n  power: Running\n"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


@pytest.mark.parametrize("back", ["start", "restart"])
@pytest.mark.parametrize("strategy", ["Once", "RerunOnFailure"])
def test_br03_a_strategy_that_ends_comes_back_and_runs_once_more(cli: CliState, strategy: str, back: str) -> None:
    path = cli.write("job", f"spec:\n  # why\n  runStrategy: {strategy}  # as asked\n")
    before = path.read_text()
    assert "(stop: runStrategy: Halted)" in cli.homeostat("stop", "job").out
    assert "runStrategy: Halted" in path.read_text() and f"homeostat.dev/run-strategy: {strategy}" in path.read_text()
    cli.report("job", state=MachineState.STOPPED)
    assert cli.homeostat(back, "job").code == 0
    lines = [line for line in path.read_text().splitlines(keepends=True) if "restartedAt" not in line]
    assert "".join(lines) == before
    assert "restartedAt" in path.read_text()


@pytest.mark.parametrize("spec", ["spec:\n  runStrategy: Always  # said\n", "spec:\n  suspend: true\n", "spec: {}\n"])
def test_br03_the_document_is_as_it_was(cli: CliState, spec: str) -> None:
    path = cli.write("web", spec, labels="  annotations:\n    note: kept  # mine\n")
    before = path.read_text()
    cli.homeostat("stop", "web")
    assert "unchanged" in cli.homeostat("stop", "web").out
    cli.homeostat("start", "web")
    assert path.read_text() == before


def test_br03_no_empty_annotations_stay(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  runStrategy: Always\n")
    before = path.read_text()
    cli.homeostat("stop", "web")
    cli.homeostat("start", "web")
    assert path.read_text() == before


def test_br03_manual_stays_manual(cli: CliState) -> None:
    path = cli.write("web", MANUAL)
    before = path.read_text()
    cli.homeostat("stop", "web")
    cli.report("web", state=MachineState.RUNNING)
    cli.homeostat("start", "web")
    assert path.read_text() == before


def test_br03_who_edits_the_strategy_meanwhile_wins(cli: CliState) -> None:
    path = cli.write("job", "spec:\n  runStrategy: Once\n")
    cli.homeostat("stop", "job")
    path.write_text(path.read_text().replace("Halted", "RerunOnFailure"))
    cli.store.sync()
    cli.report("job", state=MachineState.RUNNING)
    assert "unchanged" in cli.homeostat("start", "job").out
    assert "runStrategy: RerunOnFailure" in path.read_text()
    cli.homeostat("stop", "job")
    cli.homeostat("start", "job")
    assert "runStrategy: RerunOnFailure" in path.read_text()


def test_br03_one_that_was_made_halted_runs_always(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  runStrategy: Halted\n")
    cli.homeostat("start", "web")
    assert "runStrategy: Always" in path.read_text()


def test_br03_a_note_that_names_no_strategy_is_no_reason_to_fail(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  runStrategy: Halted\n", labels="  annotations: {homeostat.dev/run-strategy: Halted}\n")
    cli.homeostat("start", "web")
    assert "runStrategy: Always" in path.read_text()


@pytest.mark.parametrize("way", ["patch", "apply"])
@pytest.mark.parametrize("strategy", ["Always", "RerunOnFailure", "Manual", None])
def test_what_lets_it_run_again_ends_what_stop_noted(cli: CliState, strategy: str | None, way: str) -> None:
    """Halted again later, by no stop, it runs always: what was replaced before does not come back."""
    path = cli.folder / "virtualmachines" / "job.yaml"
    assert apply(cli, "Once").code == 0
    cli.homeostat("stop", "job")
    assert "homeostat.dev/run-strategy: Once" in path.read_text()
    if way == "apply":
        assert apply(cli, strategy).code == 0
    if way == "patch" or strategy is None:  # an apply that does not say it leaves alone what stop wrote
        cli.store.patch(KEY, {"spec": {"runStrategy": strategy}}, "api")
    assert "run-strategy" not in path.read_text() and "annotations" not in path.read_text()
    cli.store.patch(KEY, {"spec": {"runStrategy": "Halted"}}, "api")
    cli.homeostat("start", "job")
    assert yaml.safe_load(path.read_text())["spec"]["runStrategy"] == "Always"


def test_other_changes_of_a_stopped_machine_keep_what_stop_noted(cli: CliState) -> None:
    path = cli.write("job", "spec:\n  runStrategy: Once\n")
    cli.homeostat("stop", "job")
    cli.store.patch(KEY, {"spec": {"resources": {"vcpu": 2}}, "metadata": {"labels": {"a": "b"}}}, "api")
    cli.homeostat("start", "job")
    assert "runStrategy: Once" in path.read_text()


@pytest.mark.parametrize("between", ["Always", "RerunOnFailure", "Manual", None])
def test_an_edit_by_hand_makes_what_stop_noted_void(cli: CliState, between: str | None) -> None:
    """It stays in the file, and counts no more: not even where the machine is halted by hand again."""
    path = cli.write("job", "spec:\n  runStrategy: Once\n")
    cli.homeostat("stop", "job")
    stopped = path.read_text()
    path.write_text(
        stopped.replace("  runStrategy: Halted\n", f"  runStrategy: {between}\n" if between else "  suspend: false\n")
    )
    cli.store.sync()
    path.write_text(stopped + "  # by hand\n")
    cli.store.sync()
    cli.store.patch(KEY, {"spec": {"resources": {"vcpu": 2}}}, "api")
    cli.homeostat("start", "job")
    assert "runStrategy: Always" in path.read_text() and NOTE not in path.read_text()


def test_a_stop_after_such_an_edit_notes_what_it_replaces(cli: CliState) -> None:
    path = cli.write("job", "spec:\n  runStrategy: Once\n")
    cli.homeostat("stop", "job")
    for strategy in ("RerunOnFailure", "Once"):
        path.write_text(path.read_text().replace("runStrategy: Halted", f"runStrategy: {strategy}"))
        cli.store.sync()
        cli.homeostat("stop", "job")
        assert f"{NOTE}: {strategy}" in path.read_text()
        cli.homeostat("start", "job")
        assert f"runStrategy: {strategy}" in path.read_text() and NOTE not in path.read_text()
        cli.homeostat("stop", "job")


def test_a_stop_that_nobody_indexed_still_holds(cli: CliState) -> None:
    """As after a kill between its file and the index: the note names what was replaced."""
    path = cli.write("job", "spec:\n  runStrategy: Once\n")
    path.write_text(
        path.read_text().replace("Once", "Halted").replace("  name: job\n", f"  name: job\n  annotations: {{{NOTE}: Once}}\n")
    )
    cli.store.sync()
    cli.homeostat("start", "job")
    assert "runStrategy: Once" in path.read_text() and NOTE not in path.read_text()


def test_any_edit_of_ours_removes_a_void_note(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  runStrategy: Always\n", labels=f"  annotations: {{{NOTE}: Once}}\n")
    machine = cli.homeostat("get", "vm", "web", "-o", "yaml").out
    assert NOTE not in machine and NOTE in path.read_text()
    cli.store.patch(KEY._replace(name="web"), {"spec": {"resources": {"vcpu": 2}}}, "api")
    assert NOTE not in path.read_text()


NOTE = "homeostat.dev/run-strategy"
KEY = Key("VirtualMachine", "default", "job")


def apply(cli: CliState, strategy: str | None) -> Said:
    document = f"apiVersion: {API_VERSION}\nkind: VirtualMachine\nmetadata: {{name: job}}\nspec: {{resources: {{vcpu: 1}}"
    source = cli.folder.parent / "given.yaml"
    source.write_text(document + (f", runStrategy: {strategy}}}\n" if strategy else "}\n"))
    return cli.homeostat("apply", "-f", str(source))
