"""Laws of passes over the folder, for any folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.files.text.documents import read_chunk, read_stream, split
from tests.unit.store_fixtures import Room, document, documents

names = st.sampled_from(["a", "b", "c", "d"])
paths = st.sampled_from(["x.yaml", "y.yml", "sub/z.yaml"])
specs = st.sampled_from(["resources: {vcpu: 1}", "resources: {vcpu: 2}", "resources: {vcpu: two}", "runStrategy: Halted", "x: ["])
Folder = dict[str, list[tuple[str, str]]]
folders = st.dictionaries(paths, st.lists(st.tuples(names, specs), max_size=3), max_size=3)


def fill(room: Room, folder: Folder) -> None:
    shutil.rmtree(room.folder, ignore_errors=True)
    room.folder.mkdir()
    for path, content in folder.items():
        room.write(path, "# a file\n" + "---\n".join(document(name, spec) for name, spec in content))


def good(folder: Folder) -> bool:
    """Every document valid and every key once: what is in force depends on nothing but the folder."""
    content = [item for part in folder.values() for item in part]
    valid = all(spec not in ("resources: {vcpu: two}", "x: [") for _, spec in content)
    return valid and len({name for name, _ in content}) == len(content)


@settings(max_examples=30, deadline=None)
@given(st.lists(folders, max_size=3), folders.filter(good))
def test_after_any_history_a_pass_equals_a_fresh_one(history: list[Folder], last: Folder) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        room, fresh = Room(Path(one)), Room(Path(other))
        try:
            for folder in history:
                fill(room, folder)
                room.sync()
            fill(room, last)
            room.sync()
            room.store.confirm_prune()
            release_all(room)
            fill(fresh, last)
            fresh.sync()
            assert state(room) == state(fresh)
            assert room.said() == fresh.said()
            assert not room.store.held()
        finally:
            room.close()
            fresh.close()


def release_all(room: Room) -> None:
    import asyncio

    for row in room.store.rows():
        if row.deleted:
            asyncio.run(room.store.release(row.key, row.uid))
    room.sync()


def state(room: Room) -> list[tuple[object, ...]]:
    return [(row.key, row.metadata, row.spec, row.file, row.document, row.line, row.deleted) for row in room.store.rows()]


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t\x00\u00e9\ud7ff\ufeff\x85"), max_size=60).map(str.encode),
        st.tuples(st.integers(0, 200), st.binary(max_size=3)).map(
            lambda pair: documents("one", "two").encode()[: pair[0]] + pair[1] + documents("one", "two").encode()[pair[0] + 1 :]
        ),
    )
)
def test_garbage_raises_nothing_and_what_it_broke_stays(garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as base:
        room = Room(Path(base))
        try:
            room.write("a.yaml", documents("one", "two"))
            room.write("b.yaml", document("three"))
            room.sync()
            room.write("a.yaml", garbage)
            report = room.sync()
            # What was deleted can only be what a readable file no longer declares.
            if report.deleted:
                wrong = [error for error in report.errors if error.path == "a.yaml" and error.severity == "Error"]
                assert all(error.key for error in wrong)
            assert "three" in room.names()
        finally:
            room.close()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*"abc", "---", "--- x", "---\n", "# c", "", "k: |", "  text", "  --- no", "- 1"]), max_size=12))
def test_documents_read_one_by_one_are_those_read_together(lines: list[str]) -> None:
    text = "\n".join(lines)
    together = read_stream(text)
    chunks = split(text)
    assert chunks is not None
    number, apart = 1, []
    for chunk in chunks:
        content, number = read_chunk(text, chunk, number)
        apart += content.documents
        assert together.broken or not content.broken
    assert "".join(text[chunk.start : chunk.end] for chunk in chunks) == text
    if not together.broken:
        assert [(d.number, d.line, d.value) for d in apart] == [(d.number, d.line, d.value) for d in together.documents]
