"""What is asked before an edit, and told after it, while nobody else can write."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.store.errors import NotEditable, StoreError
from homeostat.store.files.editing.writer import IndexCheck
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index
from tests.unit.store_fixtures import Room, document, key

Write = Callable[[FilesStore, IndexCheck | None], object]
WRITES: dict[str, Write] = {
    "create": lambda store, check: store.create("VirtualMachine", {"metadata": {"name": "new"}, "spec": {}}, "api", check=check),
    "patch": lambda store, check: store.patch(key("a"), {"spec": {"suspend": True}}, "api", check=check),
    "delete": lambda store, check: store.delete(key("a"), "api", check=check),
    "apply": lambda store, check: store.apply(
        VirtualMachine.model_validate({"metadata": {"name": "a"}, "spec": {"suspend": True}}), "cli", check=check
    ),
}
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


def locked(room: Room) -> bool:
    handle = os.open(room.state.root / "write.lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@each_write
def test_a_check_sees_what_the_folder_says_now_and_nobody_else_writes(room: Room, write: Write) -> None:
    room.write("a.yaml", document("a"))
    room.sync()
    room.write("b.yaml", document("b"))  # not indexed yet
    seen = list[tuple[list[str], bool]]()
    write(room.store, lambda index: seen.append(([row.name for row in index.rows()], locked(room))))
    assert seen == [(["a", "b"], True)]
    assert not locked(room)


@each_write
def test_what_a_check_refuses_changes_nothing(room: Room, write: Write) -> None:
    file = room.write("a.yaml", document("a"))
    room.sync()
    before = room.store.rows()

    def refuse(index: Index) -> None:
        raise NotEditable("no more than one")

    with pytest.raises(NotEditable, match="no more than one"):
        write(room.store, refuse)
    assert (file.read_text(), room.store.rows(), room.names()) == (document("a"), before, ["a"])
    assert [path.name for path in room.folder.iterdir()] == ["a.yaml"]
    write(room.store, None)


@dataclass
class Elsewhere:
    """An upstream that has a document more than the folder, and may be out of reach."""

    room: Room
    reachable: bool = True
    told: list[tuple[str, str, str, bool]] = field(default_factory=list)
    intended: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def prepare(self) -> None:
        if not self.reachable:
            raise NotEditable("the source does not answer")
        self.room.write("theirs.yaml", document("theirs"))

    def intend(self, key: Key, path: str, text: str | None, author: str, message: str) -> None:
        file = self.room.folder / path
        self.intended.append((path, text, file.read_text() if file.exists() else None))

    def publish(self, key: Key, path: str, author: str, message: str) -> None:
        self.told.append((path, author, message, locked(self.room)))


@pytest.fixture
def elsewhere(room: Room) -> Iterator[tuple[Elsewhere, FilesStore]]:
    room.write("a.yaml", document("a"))
    room.sync()
    upstream = Elsewhere(room)
    store = FilesStore(room.folder, room.state, Index.open(room.state.index), upstream=upstream)
    yield upstream, store
    store.close()


def test_an_upstream_is_asked_before_an_edit_and_told_after_it(elsewhere: tuple[Elsewhere, FilesStore]) -> None:
    upstream, store = elsewhere
    store.patch(key("theirs"), {"spec": {"suspend": True}}, "ann")
    store.create("VirtualMachine", {"metadata": {"name": "new"}, "spec": {}}, "ben")
    store.delete(key("a"), "cid")
    assert [(path, author, told) for path, author, _, told in upstream.told] == [
        ("theirs.yaml", "ann", True), ("virtualmachines/new.yaml", "ben", True), ("a.yaml", "cid", True),
    ]  # fmt: skip
    assert [message for _, _, message, _ in upstream.told][1:] == [f"Create {key('new')}", f"Delete {key('a')}"]


def test_an_upstream_knows_what_will_be_written_before_it_is(elsewhere: tuple[Elsewhere, FilesStore]) -> None:
    upstream, store = elsewhere
    store.patch(key("a"), {"spec": {"suspend": True}}, "ann")
    changed = (upstream.room.folder / "a.yaml").read_text()
    store.create("VirtualMachine", {"metadata": {"name": "new"}, "spec": {}}, "ben")
    created = (upstream.room.folder / "virtualmachines" / "new.yaml").read_text()
    store.delete(key("a"), "cid")
    assert upstream.intended == [
        ("a.yaml", changed, document("a")), ("virtualmachines/new.yaml", created, None), ("a.yaml", None, changed),
    ]  # fmt: skip


@each_write
def test_an_upstream_that_cannot_be_reached_refuses_the_edit(elsewhere: tuple[Elsewhere, FilesStore], write: Write) -> None:
    upstream, store = elsewhere
    upstream.reachable = False
    before = store.rows()
    with pytest.raises(StoreError, match="does not answer"):
        write(store, None)
    assert (store.rows(), upstream.told) == (before, [])
