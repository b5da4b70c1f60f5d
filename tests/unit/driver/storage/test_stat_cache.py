"""A file is read again once it changed, and not before."""

from __future__ import annotations

import os
from pathlib import Path

from homeostat.driver.storage.stat_cache import StatCache


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    read: list[str] = []

    def reader(path: str) -> str:
        read.append(path)
        return Path(path).read_text()

    cache, file = StatCache(reader), tmp_path / "note"
    assert cache.get(str(file)) is None and cache.get(f"{file}/beneath") is None
    file.write_text("one")
    assert [cache.get(str(file)), cache.get(str(file)), len(read)] == ["one", "one", 1]
    other = tmp_path / "other"
    other.write_text("two")  # of the same length
    os.replace(other, file)
    assert [cache.get(str(file)), len(read)] == ["two", 2]
    file.unlink()
    assert cache.get(str(file)) is None
