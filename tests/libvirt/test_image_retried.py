"""A fetch that broke off goes on where it was; what passes by itself is tried again later."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import Answer, Clock, ImageServer, blob, fetch, observe, qcow2, until

TAG = {"ETag": '"one"'}


async def test_a_cut_connection_is_taken_up_at_once(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    content = blob()
    server.answer = lambda path, count: Answer(content, headers=TAG, cut=100_000 if count < 3 else None)
    ref = ImageRef(f"{server.url}/disk.img", hashlib.sha256(content).hexdigest(), "raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.phase is ImagePhase.READY, found.error
    assert [s.get("Range") for s in server.seen] == [None, "bytes=100000-", "bytes=200000-"]
    assert server.seen[1]["If-Range"] == '"one"'


async def test_a_changed_file_begins_anew(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    old, new = blob(), blob()[::-1]
    server.answer = lambda path, count: (
        Answer(old, headers=TAG, cut=100_000) if count == 1 else Answer(new, headers={"ETag": '"two"'})
    )
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path)
    assert found.path and Path(found.path).read_bytes() == new


@pytest.mark.parametrize(
    ("first", "second"),
    [({"ETag": '"one"'}, {"ETag": '"two"'}), ({"Last-Modified": "Sat, 31 Jan 2026 12:00:00 GMT"}, {"Last-Modified": "now"})],
    ids=["by its tag", "by its time"],
)
async def test_a_part_of_another_file_is_not_added(
    server: ImageServer, storage: Storage, tmp_path: Path, clock: Clock, first: dict[str, str], second: dict[str, str]
) -> None:
    """From a server that knows ranges and no If-Range."""
    old, new = blob(), blob()[::-1]
    span = {"Content-Range": f"bytes 100000-{len(new) - 1}/{len(new)}"}

    def answer(path: str, count: int) -> Answer:
        if count == 1:
            return Answer(old, headers=first, cut=100_000)
        return Answer(new[100_000:], 206, second | span) if count == 2 else Answer(new, headers=second)

    server.answer = answer
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.path is None and "changed on its server during the download" in found.error
    clock.now += 3600
    found = await fetch(storage, ref, tmp_path)
    assert found.path and Path(found.path).read_bytes() == new
    assert "Range" in server.seen[1] and "Range" not in server.seen[2]


async def test_without_a_version_nothing_is_pieced_together(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(blob(), cut=100_000 if count == 1 else None)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path)
    assert found.phase is ImagePhase.READY
    assert "Range" not in server.seen[1]


async def test_halves_that_do_not_fit_are_fetched_whole(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    """A server that claims the same version of two files."""
    old, new = blob(), blob()[::-1]
    server.answer = lambda path, count: Answer(old, headers=TAG, cut=100_000) if count == 1 else Answer(new, headers=TAG)
    ref = ImageRef(f"{server.url}/disk.img", hashlib.sha256(new).hexdigest(), "raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.phase is ImagePhase.READY, found.error
    assert len(server.seen) == 3


async def test_a_restarted_operator_goes_on(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    content = blob()
    server.ranges = True
    server.answer = lambda path, count: (
        Answer(content, headers=TAG, cut=100_000)
        if count == 1
        else Answer(status=503)
        if count == 2
        else Answer(content, headers=TAG)
    )
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.FAILED
    again = Storage(tmp_path, None)
    found = await fetch(again, ref, tmp_path)
    assert found.path and Path(found.path).read_bytes() == content
    assert server.seen[2]["Range"] == "bytes=100000-"


async def test_a_complete_partial_needs_only_its_name(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    """Killed between the last byte and the rename."""
    content = blob()
    server.answer = lambda path, count: Answer(content, headers=TAG)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.path
    image = Path(found.path)
    image.with_name(image.name + ".partial.json").write_text('{"version": "\\"one\\""}')
    image.rename(image.with_name(image.name + ".partial"))
    again = await fetch(storage, ref, tmp_path)
    assert again.phase is ImagePhase.READY, again.error
    assert image.read_bytes() == content
    assert server.seen[1]["Range"] == f"bytes={len(content)}-"


async def test_a_server_that_always_breaks_off_is_not_hammered(
    server: ImageServer, storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    server.ranges = False
    server.answer = lambda path, count: Answer(blob(), length=2 * len(blob()))
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.phase is ImagePhase.FAILED and not found.permanent
    assert "the connection was cut" in found.error
    assert len(server.seen) == 2
    await storage.execute(FetchImage(ref, "test"))
    assert len(server.seen) == 2


async def test_waits_grow_and_end(server: ImageServer, storage: Storage, tmp_path: Path, clock: Clock) -> None:
    server.answer = lambda path, count: Answer(status=503)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    waits = []
    for _ in range(8):
        found = await fetch(storage, ref, tmp_path)
        assert found.phase is ImagePhase.FAILED and not found.permanent
        assert "503 Service Unavailable" in found.error
        begun = clock.now
        while (await observe(storage, ref, tmp_path)).phase is ImagePhase.FAILED:
            clock.now += 1
        waits.append(clock.now - begun)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_nobody_listens(storage: Storage, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = await fetch(storage, ImageRef(f"http://127.0.0.1:{port}/disk.img"), tmp_path)
    assert found.phase is ImagePhase.FAILED and not found.permanent
    assert "no connection to its server" in found.error


async def test_a_name_that_nobody_knows(storage: Storage, tmp_path: Path) -> None:
    found = await fetch(storage, ImageRef("http://nowhere.invalid/disk.img"), tmp_path)
    assert found.phase is ImagePhase.FAILED and not found.permanent
    assert "cannot resolve the name of its server: check url and DNS" in found.error and "Errno" not in found.error


async def test_listeners_are_told_when_it_may_be_tried_again(server: ImageServer, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(status=503) if count == 1 else Answer(blob())
    storage = Storage(tmp_path, None)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    await storage.execute(FetchImage(ref, "test"))
    await until(storage, ref, tmp_path, lambda image: image.phase is ImagePhase.FAILED)
    await until(storage, ref, tmp_path, lambda image: image.phase is ImagePhase.MISSING)
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_a_host_that_is_out_of_threads_refuses_no_image_for_good(
    server: ImageServer, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    (stub := tmp_path / "bin" / "qemu-img").write_text(
        "#!/bin/sh\necho 'qemu: qemu_thread_create: Resource temporarily unavailable' >&2\nkill -ABRT $$\n"
    )
    stub.chmod(0o755)
    server.answer = lambda path, count: Answer(qcow2())
    ref = ImageRef(f"{server.url}/disk.img")
    failed = await fetch(storage, ref, tmp_path)
    assert failed.phase is ImagePhase.FAILED and not failed.permanent
    assert "no further thread (Resource temporarily unavailable); it is tried again" in failed.error
