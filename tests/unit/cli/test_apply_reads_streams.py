"""`apply -f` of a pipe or a device, such as /dev/stdin or a shell's <(…), is what came over standard input."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.unit.cli_state import CliState

MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: web}
spec: {}
"""


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def given(cli: CliState, pipe: Path, text: str) -> str:
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    said = cli.homeostat("apply", "-f", str(pipe))
    writer.join()
    return said.out + said.err


def test_a_pipe_is_read_to_its_end(cli: CliState, pipe: Path) -> None:
    assert "virtualmachine.homeostat.dev/web created" in given(cli, pipe, MACHINE)
    assert [path.name for path in cli.folder.rglob("*.yaml")] == ["web.yaml"]


def test_mistakes_are_placed_in_it(cli: CliState, pipe: Path) -> None:
    assert "error: standard input:4:8: spec.cpus" in given(cli, pipe, MACHINE.replace("{}", "{cpus: 2}"))
    assert not list(cli.folder.rglob("*.yaml"))


def test_one_without_end_is_refused(cli: CliState) -> None:
    said = cli.homeostat("apply", "-f", "/dev/zero")
    assert said.code == 1 and "error: /dev/zero: gives more than 8 MiB" in said.err and "defect" not in said.err


def test_so_is_a_file_that_is_too_large(cli: CliState, tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(9 * 2**20)
    said = cli.homeostat("apply", "-f", str(large))
    assert said.code == 1 and f"error: {large}: is 9 MiB large; at most 8 MiB are read" in said.err and "defect" not in said.err
