"""Readers say how old it is what they show: since when no operator runs, or what of a running one fails."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from homeostat.models.base import Key
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.metrics import OperatorMetrics
from homeostat.runtime.telemetry import TelemetryServer
from homeostat.store.files import last_look
from homeostat.store.files.state import StateFolder
from tests.unit.cli_state import CliState

COMMANDS = [("get", "vm"), ("get", "vm", "web", "-o", "wide"), ("describe", "vm", "web"), ("get", "errors")]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


@contextmanager
def operator(state: Path, supervisor: Supervisor, looked_at: Callable[[], Collection[Key]] | None = None) -> Iterator[None]:
    """Its socket, in a thread."""
    up, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with TelemetryServer(
            state / "operator.sock", OperatorMetrics(supervisor).registry, supervisor, looked_at=looked_at
        ):
            up.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert up.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("words", COMMANDS)
def test_no_operator_runs(cli: CliState, words: tuple[str, ...]) -> None:
    cli.write("web")
    cli.report("web")
    assert "no operator is running on this state" in cli.homeostat(*words).err  # and none left a mark
    last_look.mark(cli.state)
    at = datetime.now(UTC).timestamp() - 3 * 3600
    os.utime(StateFolder(cli.state).look_mark, (at, at))
    assert "this was last looked at about 3h ago (20" in cli.homeostat(*words).err


@pytest.mark.parametrize("words", COMMANDS)
def test_an_operator_runs(cli: CliState, words: tuple[str, ...]) -> None:
    cli.write("web")
    cli.report("web")
    supervisor = Supervisor()
    with operator(cli.state, supervisor):
        assert "operator" not in cli.homeostat(*words).err
        supervisor.failed("feed", KeyError("x"))
        said = cli.homeostat(*words)
    assert "note: the operator: feed fails since 20" in said.err and "unexpected KeyError: 'x'" in said.err


def test_no_errors_is_not_said_of_what_nobody_may_have_read(cli: CliState) -> None:
    cli.write("web")
    cli.report("web")
    supervisor = Supervisor()
    with operator(cli.state, supervisor):
        assert cli.homeostat("get", "errors").err == "No errors: every document is in force as it is written.\n"
        supervisor.failed("take-in", OSError(28, "No space left on device"))
        plain, json = cli.homeostat("get", "errors"), cli.homeostat("get", "errors", "-o", "json")
    for said in (plain, json):
        assert "note: the operator: take-in fails since 20" in said.err and "in force" not in said.err
    assert plain.err.endswith("No errors are known of what the operator read.\n") and json.out == "[]\n"


def test_what_programs_read_is_not_disturbed(cli: CliState) -> None:
    cli.write("web")
    assert cli.homeostat("get", "vm", "-o", "json").err == ""


async def test_the_mark_is_made_at_the_end_too(tmp_path: Path) -> None:
    task = asyncio.create_task(last_look.keep_marking(tmp_path))
    await asyncio.sleep(0)
    os.utime(StateFolder(tmp_path).look_mark, (0, 0))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found = last_look.last_look(tmp_path)
    assert found is not None and (datetime.now(UTC) - found).total_seconds() < 60


def test_an_index_that_is_missing_is_not_an_operator_that_never_ran(cli: CliState) -> None:
    assert cli.store.state.instance_id
    cli.store.close()
    (cli.state / "index.sqlite").unlink()
    said = cli.homeostat("get", "vm")
    assert said.code == 1 and "has been removed" in said.err and "no operator has run" not in said.err


def test_findings_answers_what_the_operator_has_not_looked_at_yet_is_not_of_now(cli: CliState) -> None:
    for name in ("old", "new"):
        cli.write(name)
        cli.report(name)
    seen = [Key("VirtualMachine", "default", "new")]
    with operator(cli.state, Supervisor(), lambda: seen):
        said = cli.homeostat("get", "vms").err
        assert "note: the operator has just begun; what is shown of vm/old is what the last one saw" in said
        assert "the last one saw" in cli.homeostat("describe", "vm", "old").err
        assert "the last one saw" not in cli.homeostat("describe", "vm", "new").err
        assert cli.homeostat("wait", "vm/new", "--for=condition=Ready", "--timeout=0").code == 0
        assert cli.homeostat("wait", "vm/old", "--for=condition=Ready", "--timeout=0").code == 1
        seen.append(Key("VirtualMachine", "default", "old"))
        assert cli.homeostat("wait", "vm/old", "--for=condition=Ready", "--timeout=0").code == 0
        assert "the last one saw" not in cli.homeostat("get", "vms").err


def test_findings_answers_wait_says_that_it_rests_on_the_last_look(cli: CliState) -> None:
    cli.write("web")
    cli.report("web")
    said = cli.homeostat("wait", "vm/web", "--for=condition=Ready", "--timeout=0")
    assert said.code == 0 and "no operator is running on this state" in said.err
