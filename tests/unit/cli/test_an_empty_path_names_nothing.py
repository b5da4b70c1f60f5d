"""An empty path, such as a shell makes of a variable that is not set, is refused: it is neither the folder that one stands in
nor the one that the state serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CliState:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    monkeypatch.chdir(cli.folder)
    return cli


@pytest.mark.parametrize(
    "words",
    [
        ("delete", "-f", "", "--no-wait"),
        ("apply", "-f", ""),
        ("apply", "-f", "web.yaml", "-f", ""),
        ("plan", ""),
        ("plan", "--image-folder", ""),
        ("down", "", "--yes"),
        ("up", "", "--no-api"),
        ("up", "--image-folder", ""),
        ("migrate", "", "--to-cluster"),
        ("crds", "", "--write"),
        ("disk", "export", "vm/web", "root", ""),
        ("screenshot", "web", "-o", ""),
    ],
    ids=" ".join,
)
def test_it_is_refused(cli: CliState, words: tuple[str, ...]) -> None:
    said = cli.homeostat(*words)
    assert said.code == 2 and "is empty, and names nothing" in said.err
    assert [path.name for path in cli.folder.iterdir()] == ["web.yaml"]


def test_the_folder_that_one_stands_in_has_a_name(cli: CliState) -> None:
    assert "virtualmachine.homeostat.dev/web deleted" in cli.homeostat("delete", "-f", ".", "--no-wait").out
    assert not list(cli.folder.glob("*.yaml"))
