from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.capture import CaptureResult

from homeostat.cli.main import run
from tests.accounts.calls import Call


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls a command with a state folder of the test, and returns what it printed."""

    def call(*words: str, code: int = 0) -> CaptureResult[str]:
        assert run([*words, "--state", str(tmp_path / "state")]) == code
        return capsys.readouterr()

    return call
