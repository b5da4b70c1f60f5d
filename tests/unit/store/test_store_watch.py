"""Changes of the folder and of the index reach the operator, whatever happens to the folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.store.files.passes.removal import SETTLE
from homeostat.store.files.store import FilesStore
from homeostat.store.index.follow import follow_index
from tests.unit.store_fixtures import Room, document, documents, key

DEADLINE = 10.0


async def until(changes: AsyncIterator[Key], wanted: Key) -> None:
    async with asyncio.timeout(DEADLINE):
        async for found in changes:
            if found == wanted:
                return
    raise AssertionError(f"{wanted} was not reported")


async def test_each_once_then_each_change(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        assert {await anext(changes), await anext(changes)} == {key("one"), key("two")}
        room.write("a.yaml", document("one") + "---\n" + document("two", "runStrategy: Halted"))
        await until(changes, key("two"))
        room.write("new/b.yaml", document("three"))
        await until(changes, key("three"))
        (room.folder / "new" / "b.yaml").rename(room.folder / "c.yaml")
        room.write("a.yaml", document("one"))
        await until(changes, key("two"))
        assert room.row("two").deleted
        assert not room.row("three").deleted


async def test_each_edit_arrives(room: Room) -> None:
    """How fast they do is measured by the benchmark ``edit``."""
    room.write("a.yaml", documents(*(f"vm-{number}" for number in range(200))))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, key("vm-199"))
        for count in range(1, 8):
            room.write("b.yaml", document("edited", f"resources: {{vcpu: {count}}}"))
            await until(changes, key("edited"))
            machine = await room.store.get(VirtualMachine, key("edited"))
            assert isinstance(machine, VirtualMachine) and machine.spec.resources.vcpu == count


async def test_an_editor_that_writes_aside_and_renames(room: Room) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, key("one"))
        room.write(".a.yaml.swp", "x")
        room.write("4913", "")
        room.write("a.yaml~", document("one"))
        aside = room.write(".a.tmp", document("one", "runStrategy: Halted"))
        aside.rename(room.folder / "a.yaml")
        await until(changes, key("one"))
    assert room.row("one").generation == 2


async def test_a_folder_that_goes_and_comes_back(room: Room) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, key("one"))
        shutil.rmtree(room.folder)
        await asyncio.sleep(0)  # the pass over the missing folder may come before or after
        room.write("a.yaml", document("one", "runStrategy: Halted"))
        await until(changes, key("one"))
        assert room.row("one").deleted is None
        other = room.base / "other"
        shutil.copytree(room.folder, other)
        (other / "b.yaml").write_text(document("two"))
        room.folder.rename(room.base / "old")
        other.rename(room.folder)
        await until(changes, key("two"))
        room.write("b.yaml", document("two", "runStrategy: Halted"))
        await until(changes, key("two"))


async def test_a_file_behind_a_link(room: Room) -> None:
    real = room.base / "real.yaml"
    real.write_text(document("one"))
    (room.folder / "a.yaml").symlink_to(real)
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, key("one"))
        real.write_text(document("one", "runStrategy: Halted"))
        await until(changes, key("one"))


async def test_configmap_swap(room: Room) -> None:
    room.write("..1/a.yaml", document("one"))
    (room.folder / "..data").symlink_to("..1")
    (room.folder / "a.yaml").symlink_to("..data/a.yaml")
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, key("one"))
        room.write("..2/a.yaml", document("one", "runStrategy: Halted"))
        (room.folder / "..tmp").symlink_to("..2")
        (room.folder / "..tmp").rename(room.folder / "..data")
        await until(changes, key("one"))


async def test_writes_of_another_process_are_noticed(room: Room) -> None:
    room.write("a.yaml", document("one"))
    other = FilesStore.open(room.folder, room.state)
    try:
        async with aclosing(follow_index(room.store.index)) as changes:  # type: ignore[type-var]
            await asyncio.to_thread(other.sync)
            await until(changes, key("one"))
            await asyncio.to_thread(other.delete, key("one"), "api")
            await until(changes, key("one"))
            await other.release(key("one"), room.row("one").uid)
            await until(changes, key("one"))  # its end is a change too
    finally:
        other.close()


async def test_a_file_that_is_being_written_in_pieces_deletes_nothing(room: Room) -> None:
    room.write("a.yaml", documents("one", "two", "three"))
    seen = []
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        for _ in range(3):
            seen.append(await anext(changes))
        with open(room.folder / "a.yaml", "w") as file:
            for number, part in enumerate(documents("one", "two", "three").split("---")):
                file.write(part if number == 0 else "---" + part)
                file.flush()
                await asyncio.to_thread(room.store.sync, SETTLE)  # what the watch does, at the worst moments
        room.write("b.yaml", document("four"))
        await until(changes, key("four"))
        assert not room.store.restless
    assert room.names() == ["four", "one", "three", "two"]
    assert all(row.generation == 1 for row in room.store.rows())
