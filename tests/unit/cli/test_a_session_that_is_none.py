"""A session whose file somebody changed is said to be one that cannot be read, with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.cli.main import run

SESSION = {"url": "http://127.0.0.1:1", "name": "bob", "access": "a", "refresh": "r"}


@pytest.mark.parametrize("expires", ["", "soon", "2026-11-27T18:15:00", 5, None])
def test_its_end_is_no_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, expires: object
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "homeostat" / "session.json"
    file.parent.mkdir()
    file.write_text(json.dumps({**SESSION, "expires": expires}))
    assert run(["whoami"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {file} cannot be read: ") and "`homeostat login URL` signs in again" in said
