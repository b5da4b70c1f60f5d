"""What cannot become an image says why, and is not asked for again and again."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import Answer, Clock, ImageServer, blob, fetch, observe, qcow2

PAGE = b"\n <!DOCTYPE html><html><body>Please log in</body></html>" + b" " * 4096


@pytest.mark.parametrize(
    ("answer", "format", "says"),
    [
        (Answer(status=404), None, "the server answered 404 Not Found; check the url"),
        (Answer(status=403), None, "403 Forbidden: it wants other credentials"),
        (Answer(PAGE), "raw", "is a web page"),
        (Answer(PAGE), None, "is a web page"),
        (Answer(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"), "qcow2", "is a web page (HTML or XML)"),
        (Answer(blob()), "qcow2", "is no qcow2 but raw"),
        (Answer(blob()), "iso", "is no iso but raw"),
        (Answer(gzip.compress(blob())), None, "is a gzip archive; unpack it first"),
        (Answer(b"root:x:0:0:root:/root:/bin/bash\n" * 40), None, "is a text file"),
        (Answer(b"Salted__" + bytes(range(256)) * 9), None, "is nothing that is known as a disk"),
        (Answer(qcow2(virtual_size=0)), None, "is a disk of 0 bytes by its header"),
        (Answer(b"tiny\0"), None, "has only 5 bytes"),
        (Answer(qcow2(backing="/etc/shadow")), None, "leans on another file ('/etc/shadow')"),
        (Answer(qcow2(backing="json:{}")), "qcow2", "leans on another file"),
        (Answer(qcow2(incompatible=4)), None, "keeps its contents in another file"),
        (Answer(b"KDMV" + b"\1\0\0\0" + bytes(600)), None, "names other files"),
        (Answer(b"# Disk DescriptorFile\nversion=1\n" * 30), None, "names other files"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/latest/"}), None, "cloud metadata"),
        (Answer(status=302, headers={"Location": "http://2852039166/latest/"}), None, "cloud metadata"),
        (Answer(status=302, headers={"Location": "http://[::ffff:169.254.169.254]/"}), None, "cloud metadata"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), None, "no http(s) address"),
        (Answer(status=302, headers={"Location": "/again"}), None, "more than 5 redirects"),
    ],
)
async def test_it_fails_for_good(
    server: ImageServer, storage: Storage, tmp_path: Path, answer: Answer, format: str | None, says: str
) -> None:
    server.answer = lambda path, count: answer
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format=format), tmp_path)
    assert found.phase is ImagePhase.FAILED
    assert found.permanent, found.error
    assert says in found.error
    assert f"{server.url}/disk.img" in found.error
    assert not list(tmp_path.glob("images/*.img*"))


async def test_a_wrong_checksum_leaves_no_file(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(blob())
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", "0" * 64, "raw"), tmp_path)
    assert found.phase is ImagePhase.FAILED and found.permanent
    assert hashlib.sha256(blob()).hexdigest() in found.error
    assert not list(tmp_path.glob("images/*"))
    assert len(server.seen) == 1


async def test_it_is_asked_again_after_ten_minutes_or_with_another_spec(
    server: ImageServer, storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    assert (await fetch(storage, ref, tmp_path)).permanent
    server.answer = lambda path, count: Answer(blob())
    await storage.execute(FetchImage(ref, "test"))
    assert (await observe(storage, ref, tmp_path)).phase is ImagePhase.FAILED
    assert len(server.seen) == 1
    other = ImageRef(ref.url, hashlib.sha256(blob()).hexdigest(), "raw")
    assert (await fetch(storage, other, tmp_path)).phase is ImagePhase.READY
    clock.now += 601
    assert (await observe(storage, ref, tmp_path)).phase is ImagePhase.MISSING
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_secrets_in_the_address_are_not_shown(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    address = server.url.replace("://", "://me:hunter2@") + "/disk.img?token=sesame"
    found = await fetch(storage, ImageRef(address), tmp_path)
    assert found.permanent
    assert "hunter2" not in found.error and "sesame" not in found.error
