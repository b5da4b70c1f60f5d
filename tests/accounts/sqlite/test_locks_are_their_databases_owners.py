"""What root puts beside the accounts of another user is that user's, as what SQLite puts there: his server opens it, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.accounts.database.database import Database, sqlite_url


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_all_is_the_owners(tmp_path: Path, made_once: bytes) -> None:
    path = tmp_path / "accounts.db"
    path.write_bytes(made_once)
    os.chown(path, 4711, 4712)
    opened = Database.open(sqlite_url(path))
    owners = {entry.name: (entry.stat().st_uid, entry.stat().st_gid) for entry in tmp_path.iterdir()}
    opened.close()
    assert set(owners.values()) == {(4711, 4712)} and len(owners) == 5, owners
