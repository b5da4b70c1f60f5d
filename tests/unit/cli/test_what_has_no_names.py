"""`get events -o name` and `get errors -o name` are refused: what they list has no names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState


@pytest.mark.parametrize("what", ["events", "errors"])
def test_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    said = cli.homeostat("get", what, "-o", "name")
    assert (said.code, said.out) == (2, "") and f"{what} have no names" in said.err
    assert cli.homeostat("get", what, "-o", "json").code == 0
