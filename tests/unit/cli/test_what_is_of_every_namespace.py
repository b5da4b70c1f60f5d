"""What removes things of every namespace refuses -n: whoever names one means that one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    entry = cli.state / "trash" / "default.old-1"
    entry.mkdir(parents=True)
    (entry / "root.qcow2").write_bytes(b"")
    return cli


@pytest.mark.parametrize(
    "words", [("down", "--yes"), ("prune", "--yes"), ("apply", "--prune", "--yes"), ("trash", "empty", "--all", "--yes")]
)
def test_it_is_refused(cli: CliState, words: tuple[str, ...]) -> None:
    said = cli.homeostat(*words, "-n", "demo")
    assert said.code == 1 and "is about every namespace, and -n names demo" in said.err
    assert (cli.state / "trash" / "default.old-1").is_dir() and (cli.folder / "web.yaml").exists()


def test_without_it_all_of_the_trash_is_erased(cli: CliState) -> None:
    assert cli.homeostat("trash", "empty", "--all", "--yes").code == 0
    assert not (cli.state / "trash" / "default.old-1").exists()
