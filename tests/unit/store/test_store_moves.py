"""Documents that move, double or come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeostat.store.files.passes import intake
from homeostat.store.files.passes.compare import compare
from tests.unit.store_fixtures import Room, document, documents, key


def test_a_renamed_file_is_no_deletion(room: Room) -> None:
    file = room.write("a.yaml", documents("one", "two"))
    room.sync()
    before = room.row("one")
    file.rename(room.folder / "z.yaml")
    report = room.sync()
    assert (report.deleted, report.changed, report.created) == ((), (), ())
    assert (room.row("one").file, room.row("one").version) == ("z.yaml", before.version)


def test_a_document_moved_and_changed_across_a_restart(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.close()
    room.write("a.yaml", document("one"))
    room.write("sub/b.yaml", document("two", "runStrategy: Halted"))
    report = room.sync()
    assert (report.deleted, report.changed) == ((), (key("two"),))


def test_doubles_name_both_places_and_the_one_in_force_stays(room: Room) -> None:
    room.write("m.yaml", document("one", "resources: {vcpu: 1}"))
    room.sync()
    room.write("a.yaml", document("one", "resources: {vcpu: 9}"))
    room.sync()
    assert room.row("one").file == "m.yaml"
    assert room.said() == [
        "a.yaml:1:1: VirtualMachine/default/one is declared in m.yaml:1 already, and that one is in force: remove one of the two"
    ]
    (room.folder / "m.yaml").unlink()
    report = room.sync()
    assert (report.deleted, report.changed) == ((), (key("one"),))
    assert room.resource("one").dump()["spec"] == {"resources": {"vcpu": 9}}


def test_at_first_sight_the_first_in_order_of_paths_wins(room: Room) -> None:
    room.write("b.yaml", document("one", "resources: {vcpu: 2}"))
    room.write("a.yaml", document("one", "resources: {vcpu: 1}") + "---\n" + document("one", "resources: {vcpu: 3}"))
    room.sync()
    assert room.row("one").file == "a.yaml"
    assert room.resource("one").dump()["spec"] == {"resources": {"vcpu": 1}}
    assert len(room.said()) == 2


async def test_what_comes_back_while_it_is_deleted_is_kept(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.write("a.yaml", document("two"))
    room.sync()
    assert "homeostat.dev/deleted-by" in room.row("one").metadata
    uid = room.row("one").uid
    room.write("a.yaml", document("one", "runStrategy: Halted") + "---\n" + document("two"))
    assert room.sync().changed == (key("one"),)
    row = room.row("one")
    assert (row.deleted, row.grace, row.uid, row.generation, row.metadata) == (None, None, uid, 2, "{}")
    assert [event.reason for event in room.store.events(0, key("one"))] == ["Kept"]
    await room.store.release(key("one"), uid)  # of a teardown that was under way
    assert (room.row("one").deleted, room.said()) == (None, [])


async def test_what_was_deleted_by_name_is_kept_when_somebody_writes_it_again(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    gone = room.store.delete(key("one"), "api", force=True)
    assert gone.metadata.annotations == {"homeostat.dev/deleted-by": "api"}
    room.reopened()
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    assert (room.row("one").deleted, room.row("one").grace) == (None, None)


async def test_release_ends_a_deletion_and_nothing_else(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    await room.store.release(key("one"), room.row("one").uid)
    assert room.names() == ["one", "two"]
    room.write("a.yaml", document("two"))
    room.sync()
    await room.store.release(key("one"), "another uid")
    assert room.row("one").deleted
    await room.store.release(key("one"), room.row("one").uid)
    assert room.store.index.row(key("one")) is None


def test_what_comes_back_while_its_deletion_ends_is_there(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The teardown ends after the pass has read the rows, and before it writes."""
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.write("a.yaml", document("two"))
    room.sync()
    uid = room.row("one").uid

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        work = compare(*arguments, **options)
        asyncio.run(room.store.release(key("one"), uid))
        return work

    monkeypatch.setattr(intake, "compare", meanwhile)
    room.write("a.yaml", document("one", "runStrategy: Halted") + "---\n" + document("two"))
    assert room.sync().changed == (key("one"),)
    row = room.row("one")
    assert (row.deleted, row.uid, row.generation, row.status) == (None, uid, 1, None)
    assert room.resource("one").dump()["spec"] == {"runStrategy": "Halted"}
