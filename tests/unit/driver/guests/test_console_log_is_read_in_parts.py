"""A console log is read part by part: nothing twice, nothing left out, through rotation and truncation."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.guests import console_log
from homeostat.driver.guests.console_log import read_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "console.log"
    file.write_bytes(b"one\ntwo\n")
    return file


def added(log: Path, content: bytes) -> None:
    with log.open("ab") as file:
        file.write(content)


def test_it_goes_on_where_the_last_part_ended(log: Path) -> None:
    first = read_log(log)
    assert first.content == b"one\ntwo\n"
    assert read_log(log, after=first.after).content == b""
    added(log, b"three\n")
    second = read_log(log, after=first.after)
    assert second.content == b"three\n"
    assert read_log(log, after=second.after).content == b""


def test_a_part_has_an_end(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_log, "PART", 5)
    first = read_log(log)
    assert (first.content, read_log(log, after=first.after).content) == (b"one\nt", b"wo\n")


@pytest.mark.parametrize(
    ("lines", "content"), [(0, b""), (1, b"two\n"), (2, b"one\ntwo\n"), (9, b"one\ntwo\n"), (-1, b"one\ntwo\n")]
)
def test_the_last_lines(log: Path, lines: int, content: bytes) -> None:
    part = read_log(log, tail=lines)
    assert part.content == content
    added(log, b"three\n")
    assert read_log(log, after=part.after).content == b"three\n"


def test_what_was_written_before_a_rotation_comes_first(log: Path) -> None:
    first = read_log(log)
    added(log, b"last\n")
    log.rename(log.with_name("console.log.0"))
    assert read_log(log, after=first.after) == console_log.LogPart(b"", first.after), "it is between two files"
    log.write_bytes(b"new\n")
    rest = read_log(log, after=first.after)
    assert rest.content == b"last\n"
    new = read_log(log, after=rest.after)
    assert new.content == b"new\n"
    assert read_log(log, after=new.after).content == b""


def test_of_a_file_that_was_truncated_it_begins_anew(log: Path) -> None:
    first = read_log(log)
    log.write_bytes(b"a\n")
    assert read_log(log, after=first.after).content == b"a\n"


def test_what_names_no_place_is_refused(log: Path) -> None:
    with pytest.raises(ValueError, match="is no place in a log"):
        read_log(log, after="../etc")
    with pytest.raises(FileNotFoundError):
        read_log(log.with_name("nothing"))
