"""Which entries of the trash go for good: those whose time is over, and the oldest while space is low."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.planner.files.trash import (
    Claimant,
    Space,
    TrashedDisk,
    TrashEntry,
    is_low,
    read_label,
    scarcity,
    to_erase,
    write_label,
)

NOW = datetime(2026, 1, 10, tzinfo=UTC)
GIB = 2**30
ROOMY = Space(500 * GIB, 1000 * GIB)


def entry(name: str, hours_ago: float, left: float | None = 1.0, size: int = GIB) -> TrashEntry:
    since, until = NOW - timedelta(hours=hours_ago), "" if left is None else (NOW + timedelta(hours=left)).isoformat()
    disks = (TrashedDisk("root", f"/state/machines/default/{name}/root.qcow2", size, 2 * GIB, "/state/images/x.img"),)
    return TrashEntry(name, "default", name, "uid", "deleted", since.isoformat(), until, True, ("52:00",), disks)


def names(entries: list[TrashEntry], space: Space = ROOMY) -> list[str]:
    return [erasure.entry.entry for erasure in to_erase(entries, NOW, space)]


def test_what_is_over_its_time_goes_and_nothing_else() -> None:
    assert names([entry("old", 30, -1), entry("now", 24, 0), entry("young", 1), entry("nobody's", 99, None)]) == ["old", "now"]


def test_while_space_is_low_the_oldest_go_until_it_is_not() -> None:
    three = [entry("b", 2), entry("c", 1), entry("a", 3)]
    assert names(three, Space(9 * GIB, 1000 * GIB)) == ["a"]
    assert names(three, Space(8 * GIB, 1000 * GIB)) == ["a", "b"]


def test_what_frees_nothing_stays() -> None:
    assert names([entry("empty", 2, size=0), entry("full", 1)], Space(0, 1000 * GIB)) == ["full"]


def test_what_is_over_its_time_may_free_enough() -> None:
    assert names([entry("older", 50), entry("over", 30, -1)], Space(9 * GIB, 1000 * GIB)) == ["over"]


def test_which_goes_before_its_time_is_told_apart() -> None:
    erasures = to_erase([entry("young", 1), entry("over", 30, -1, size=0)], NOW, LOW)
    assert {erasure.entry.entry: erasure.scarce for erasure in erasures} == {"over": False, "young": True}


@pytest.mark.parametrize(("free", "total", "low"), [(9, 100, True), (11, 100, False), (9, 1000, True), (11, 1000, False)])
def test_low_is_a_tenth_or_ten_gibibytes(free: int, total: int, low: bool) -> None:
    assert is_low(Space(free * GIB, total * GIB)) is low


LOW = Space(0, 1000 * GIB)


def claimed(found: TrashEntry, lacks: str, space: Space, uid: str = "uid") -> list[str]:
    other = entry("other", 0.5)
    claim = Claimant(uid, frozenset(lacks.split()))
    return [erasure.entry.entry for erasure in to_erase([found, other], NOW, space, {found.entry: claim})]


def test_what_returns_to_a_machine_that_is_there_never_goes_for_space() -> None:
    assert claimed(entry("web", 2), "root", LOW) == ["other"]
    assert claimed(entry("web", 2), "", LOW) == ["other"]
    assert claimed(entry("web", 2), "root", LOW, uid="another") == ["web", "other"]
    assert claimed(replace(entry("web", 2), returns=False), "root", LOW) == ["web", "other"]


def test_what_a_machine_still_lacks_does_not_go_at_its_time() -> None:
    assert claimed(entry("web", 30, -1), "root data", ROOMY) == []
    assert claimed(entry("web", 30, -1), "data", ROOMY) == ["web"]  # it has its root disk
    assert claimed(entry("web", 30, -1), "root", ROOMY, uid="another") == ["web"]


def test_scarcity_is_said_while_space_is_low_only() -> None:
    assert scarcity(ROOMY) == ""
    assert (
        scarcity(Space(6, 100))
        == "space is low: 6 % of the file system is free, so the trash is erased soon, oldest first, for lack of space"
    )


@pytest.mark.parametrize("until", ["garbage", "2026-01-31T12:00:00", "99"])
def test_a_label_whose_time_is_none_is_no_label(until: str) -> None:
    with pytest.raises(ValueError, match=r"until: .* is no time"):
        read_label("web", write_label(replace(entry("web", 1), until=until)))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-5, 5), st.integers(0, 5)), max_size=8), st.integers(0, 30))
def test_nothing_goes_while_there_is_time_and_space(found: list[tuple[int, int, int]], free: int) -> None:
    entries = [entry(str(n), ago, left, size * GIB) for n, (ago, left, size) in enumerate(found)]
    space = Space(free * GIB, 1000 * GIB)
    going = to_erase(entries, NOW, space)
    kept = {e.entry for e in entries} - {e.entry.entry for e in going}
    over = {e.entry for e in entries if datetime.fromisoformat(e.until) <= NOW}
    assert not over & kept
    if not is_low(space):
        assert {e.entry.entry for e in going} == over
    left = [e for e in entries if e.entry in kept and e.size]
    freed = sum(e.entry.size for e in going)
    assert not left or not is_low(Space(space.free + freed, space.total))


def test_a_label_says_all_of_it_and_a_later_one_may_say_more() -> None:
    whole = entry("web", 1)
    text = write_label(whole)
    assert read_label("web", text) == whole
    assert read_label("web", text.replace('"name": "web"', '"name": "web", "mood": "calm"')) == whole


BAD_SIZE = """{"entry": "e", "namespace": "n", "name": "m", "uid": "", "reason": "", "since": "", "until": "",
    "disks": [{"name": "a", "path": "/a", "size": "many"}]}"""


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", BAD_SIZE, '{"disks": [1], "macs": []}', '{"disks": [], "macs": []}']
)
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_label("web", text)
