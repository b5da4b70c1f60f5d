"""What tests launch is a process as any other: it ends with its own code, by its own signals, and has its own files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat import __version__
from tests.rig.program import Program, launch, ran
from tests.rig.waiting import free_port, wait_until

MACHINE = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {name: web}\nspec: {}\n"
OURS = [sys.executable, "-m", "homeostat.cli.main"]


def said(program: Program | subprocess.Popen[str]) -> tuple[int, str]:
    assert program.stdout is not None
    return program.wait(30), program.stdout.read()


def test_it_says_what_it_says() -> None:
    program = launch([*OURS, "version"], stdout=subprocess.PIPE, text=True)
    assert isinstance(program, Program), "it is forked"
    assert said(program) == (0, f"homeostat {__version__}\n")
    assert program.poll() == 0


def test_its_code_is_its_own() -> None:
    code, words = said(launch([*OURS, "verison"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    assert code == 2 and "Did you mean 'version'?" in words


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 0)])
def test_it_ends_by_a_signal(number: signal.Signals, code: int, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "homeostat_api", "--state", str(tmp_path / "state"), "--dir", str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        program = launch([*command, "--bind", f"127.0.0.1:{port}"], stdout=log, stderr=log)
    wait_until(lambda: socket.create_connection(("127.0.0.1", port)).close() is None, 30, "it listens")
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0)
    program.send_signal(number)
    assert program.wait(30) == code
    program.kill()  # nobody's process any more


@pytest.mark.parametrize("name", ["PATH", "PYTHONPATH"])
def test_what_imports_in_another_way_is_started_as_usual(name: str) -> None:
    program = launch([*OURS, "version"], stdout=subprocess.PIPE, text=True, env={**os.environ, name: "/nowhere"})
    assert isinstance(program, subprocess.Popen)
    program.kill()
    program.communicate()


def test_one_that_is_awaited_says_all_it_said() -> None:
    done = ran([*OURS, "version"])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"homeostat {__version__}\n", "")
    refused = ran([*OURS, "verison"])
    assert (refused.returncode, refused.stdout) == (2, "") and "Did you mean 'version'?" in refused.stderr


def test_one_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "homeostat_api", "--state", str(tmp_path / "state"), "--dir", str(tmp_path)]
    with pytest.raises(subprocess.TimeoutExpired):
        ran([*command, "--bind", f"127.0.0.1:{port}"], timeout=0.5)
    wait_until(lambda: socket.create_server(("127.0.0.1", port)).close() is None, 30, "its port is free")


def test_a_fault_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "vms").mkdir()
    (tmp_path / "vms" / "web.yaml").write_text(MACHINE)
    up = [*OURS, "--state", str(tmp_path / "state"), "--connect", "test:///default", "up", str(tmp_path / "vms"), "--no-api"]
    killed = ran(["env", "HOMEOSTAT_FAULT=before:DefineDomain:1", *up, "--until-ready"])
    assert killed.returncode == -signal.SIGKILL, killed
    done = ran([*up, "--until-ready"])
    assert done.returncode == 0, done
