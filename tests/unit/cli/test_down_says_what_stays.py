"""What `down` says of the trash: of what it set aside itself, and of what lay there before."""

from __future__ import annotations

from pathlib import Path

from homeostat.cli.commands.down import what_stays
from homeostat.planner.files.trash import TrashEntry

ROOM = Path("/state/trash")


def entry(name: str) -> TrashEntry:
    return TrashEntry(name, "default", name, "uid", "deleted", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True)


def test_nothing_is_said_of_an_empty_trash() -> None:
    assert what_stays([], [], ROOM) == what_stays([], [], ROOM, "space is low") == []


def test_what_was_set_aside_comes_back_with_up() -> None:
    (line,) = what_stays([entry("web")], [], ROOM)
    assert line.startswith("Their disks lie in /state/trash until 2026-01-02T00:00:00Z at the latest")


def test_what_lay_there_before_is_not_taken_for_theirs() -> None:
    (line,) = what_stays([entry("old")], ["old"], ROOM)
    assert line.startswith("What was deleted before stays in /state/trash (1 entry): `homeostat trash list` shows them")


def test_both_are_told_apart_and_low_space_is_said() -> None:
    theirs, older, low = what_stays([entry("old"), entry("web")], ["old"], ROOM, "space is low, so it goes")
    assert theirs.startswith("Their disks") and older == "What was deleted before stays in /state/trash (1 entry)"
    assert low == "Space is low, so it goes, once an operator runs."
