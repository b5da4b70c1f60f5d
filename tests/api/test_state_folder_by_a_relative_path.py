"""The folder and the state may be named by relative paths, with accounts, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.people import Person, settle


def test_people_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(tmp_path / "state", ann=Role.USER)
    monkeypatch.chdir(tmp_path)
    with serving(Path()) as api:
        assert Person(api.http, "ann").ask("GET", "disks").json()["disks"] == []
