"""Chaos 9: the index is removed or replaced while an operator has it open: it is put back, and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import aclosing

import pytest

from homeostat.models.machine import MachineState, VirtualMachineStatus
from homeostat.store.errors import StoreError
from homeostat.store.files.store import FilesStore
from tests.unit.store.test_store_watch import until
from tests.unit.store_fixtures import Room, document
from tests.unit.store_fixtures import key as machine


def remove(room: Room, *suffixes: str) -> None:
    for suffix in suffixes:
        room.state.root.joinpath(f"index.sqlite{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm")])
async def test_chaos_9_an_index_that_is_removed_is_put_back(
    room: Room, suffixes: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        reader = FilesStore.open(room.folder, room.state)  # as the API: it has the file open, too
        status = VirtualMachineStatus(state=MachineState.RUNNING, observed_generation=1)
        await room.store.write_status(machine("one"), room.row("one").uid, status)
        remove(room, *suffixes)
        room.write("b.yaml", document("two"))
        await until(changes, machine("two"))
        assert "has been put back, nothing is lost" in caplog.text
        fresh = FilesStore.open(room.folder, room.state)  # as a command that is called now
        for store in (fresh, reader):
            store.index.data_version()
            row = store.index.row(machine("one"))
            assert row is not None and row.status is not None and "Running" in row.status
            assert store.index.row(machine("two")) is not None
        await asyncio.to_thread(fresh.delete, machine("two"), "cli")  # and what others write from now on is heard
        await until(changes, machine("two"))
        assert sqlite3.connect(room.state.index).execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        fresh.close()
        reader.close()


async def test_chaos_9_another_file_in_its_place_does_not_take_over(room: Room) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        uid = room.row("one").uid
        remove(room, "")
        other = FilesStore.open(room.folder, room.state)  # makes an empty one, as `homeostat apply` does
        other.close()
        room.write("b.yaml", document("two"))
        await until(changes, machine("two"))
        assert room.row("one").uid == uid and room.names() == ["one", "two"]


async def test_chaos_9_where_it_cannot_be_put_back_that_is_told_and_the_operator_goes_on(room: Room) -> None:
    told: list[StoreError | None] = []
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        room.store.index.troubled = told.append
        kept = room.state.root.rename(room.base / "moved")
        following = asyncio.create_task(until(changes, machine("two")))
        async with asyncio.timeout(10):
            while not told:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
        assert "was removed, and cannot be put back" in str(told[0])
        shutil.move(kept, room.base / "state")
        room.write("b.yaml", document("two"))
        await following


def test_a_disk_that_is_full_is_told_once_it_is_and_once_it_is_not(room: Room) -> None:
    told: list[StoreError | None] = []
    room.write("a.yaml", document("one"))
    room.store.sync()
    room.store.index.troubled = told.append
    pages = room.store.index.connection.execute("PRAGMA page_count").fetchone()[0]
    room.store.index.connection.execute(f"PRAGMA max_page_count = {pages}")
    room.write("b.yaml", "---\n".join(document(f"vm-{number}") for number in range(500)))
    with pytest.raises(StoreError, match="full"):
        room.store.sync()
    assert len(told) == 1 and "check permissions and free space" in str(told[0])
    room.store.index.connection.execute("PRAGMA max_page_count = 1000000")
    room.store.index.try_again()
    assert told[1:] == [None] and not room.store.index.in_trouble


def test_an_index_that_was_just_made_is_not_taken_for_replaced(room: Room) -> None:
    before = room.store.index.generation
    assert room.store.index.check_file() == before
