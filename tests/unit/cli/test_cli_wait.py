"""wait: as kubectl's, with its words and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def test_a_condition_that_is_met(cli: CliState) -> None:
    cli.write("web")
    cli.report("web")
    said = cli.homeostat("wait", "vm/web", "--for=condition=Ready", "--timeout=5s")
    assert (said.code, said.out) == (0, "virtualmachine.homeostat.dev/web condition met\n")
    assert cli.homeostat("wait", "vm/web", "--for=condition=ready=true", "--timeout=0").code == 0


def test_a_timeout_is_exit_code_1_with_the_reason(cli: CliState) -> None:
    cli.write("web")
    cli.report("web", ready=False, message="fetching http://x/i")
    said = cli.homeostat("wait", "vm/web", "--for=condition=Ready", "--timeout=0")
    assert said.code == 1
    assert "error: timed out waiting for the condition on virtualmachines/web" in said.err
    assert "fetching http://x/i" in said.err


def test_a_condition_of_an_older_generation_does_not_count(cli: CliState) -> None:
    path = cli.write("web")
    cli.report("web")
    path.write_text(path.read_text().replace("spec: {}", "spec: {runStrategy: Halted}"))
    cli.store.sync()
    assert cli.homeostat("wait", "vm/web", "--for=condition=Ready", "--timeout=0").code == 1


def test_what_is_gone_is_deleted_and_what_never_was_is_not_ready(cli: CliState) -> None:
    assert cli.homeostat("wait", "vm/web", "--for=delete", "--timeout=0").code == 0
    assert "NotFound" in cli.homeostat("wait", "vm/web", "--for=condition=Ready", "--timeout=0").err


def test_all_of_a_kind(cli: CliState) -> None:
    cli.write("a")
    cli.write("b")
    cli.report("a")
    cli.report("b")
    assert cli.homeostat("wait", "vm", "--all", "--for=condition=Ready", "--timeout=1s").out.count("condition met") == 2
    assert "which ones?" in cli.homeostat("wait", "vm", "--for=condition=Ready").err


def test_an_unknown_goal_is_explained(cli: CliState) -> None:
    assert "--for=condition=Ready" in cli.homeostat("wait", "vm/web", "--for=happiness").err
