"""What holds for every command: starts fast, colours only on a terminal, explains errors in one place."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.cli.errors import CliError, explain
from homeostat.cli.main import COMMANDS, run
from homeostat.driver.errors import NoSpace
from homeostat.models.base import Key
from homeostat.store.errors import NotFound
from tests.unit.cli_state import CliState

HOMEOSTAT = [sys.executable, "-m", "homeostat.cli.main"]


def on_terminal(*words: str, **environment: str) -> str:
    """What a command writes when its output is a terminal."""
    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"} | environment
    with subprocess.Popen([*HOMEOSTAT, *words], stdout=theirs, stderr=theirs, stdin=theirs, env=env) as running:
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 4096):
                shown += block
        except OSError:  # how Linux says that the other side of a terminal has closed
            pass
        running.wait(30)
    os.close(ours)
    return shown.decode()


def test_version_says_which_it_is() -> None:
    done = subprocess.run([*HOMEOSTAT, "version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("homeostat 0.")


def test_version_loads_nothing_heavy() -> None:
    code = "import sys; from homeostat.cli.main import run; run(['version']); print(*sys.modules)"
    # It starts in 0.08 s on an idle machine; each of these costs as much again.
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "libvirt", "rich", "asyncio", "sqlite3", "yaml"} & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage: homeostat" in capsys.readouterr().out


def test_colour_on_a_terminal_only_and_never_with_no_color(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    cli.report("web")
    words = ("--state", str(tmp_path / "state"), "get", "vms")
    assert "\x1b[32mRunning\x1b[0m" in on_terminal(*words)
    assert "\x1b" not in on_terminal(*words, NO_COLOR="1")
    assert "Running" in on_terminal(*words, NO_COLOR="1")
    assert "\x1b" not in cli.homeostat("get", "vms").out


@pytest.mark.parametrize("words", [["nonsense"], ["get"], ["get", "vms", "-o", "xml"], ["stop"]])
def test_wrong_usage_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "Usage:" in capsys.readouterr().err


def test_options_may_stand_before_and_after_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    state = str(tmp_path / "state")
    assert run(["get", "vms", "--state", state]) == 0
    assert run(["--state", "/nonexistent", "get", "vms", "--state", state, "-n", "default"]) == 0


def test_errors_are_one_line_and_what_to_do() -> None:
    assert str(explain(CliError("it failed", "do this"))) == "error: it failed\n  do this"
    assert str(explain(NoSpace("no space left"))) == "error (NoSpace): no space left"
    assert "there is no VirtualMachine named 'x'" in str(explain(NotFound(Key("VirtualMachine", "default", "x"))))
    assert str(explain(PermissionError(13, "Permission denied", "/x"))).startswith("error: /x: Permission denied")
    assert "HOMEOSTAT_DEBUG=1" in str(explain(KeyError("x")))


def test_a_defect_shows_a_traceback_only_when_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_word: str) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr("homeostat.cli.commands.schema.kind_called", broken)
    assert run(["schema"]) == 1
    assert "unexpected RuntimeError: oh" in capsys.readouterr().err
    monkeypatch.setenv("HOMEOSTAT_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run(["schema"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_HOMEOSTAT_COMPLETE" in capsys.readouterr().out


def test_completion_offers_the_machines_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    cli.write("db")
    env = {**os.environ, "_HOMEOSTAT_COMPLETE": "bash_complete", "COMP_WORDS": "homeostat stop w", "COMP_CWORD": "2"}
    code = "import sys; sys.argv[0] = 'homeostat'; from homeostat.cli.main import main; main()"
    env["HOMEOSTAT_STATE"] = str(tmp_path / "state")
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "plain,web\n"
