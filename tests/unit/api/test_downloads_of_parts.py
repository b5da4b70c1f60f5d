"""A file as an answer: the part that is asked for where it is certainly a part of the same file, and else all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors, media
from homeostat_api.http.answers import download
from homeostat_api.http.answers.download import GONE, Sending, send_file
from homeostat_api.http.rights import Right, needs

CONTENT = bytes(range(100))
TAG = '"abc"'


class File:
    """One that notes what is read of it."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.closed = 0
        self.reads: list[tuple[int, int]] = []

    async def read(self, offset: int, size: int) -> bytes:
        self.reads.append((offset, size))
        return self.content[offset : offset + size]

    def close(self) -> None:
        self.closed += 1


class Files:
    def __init__(self, file: File) -> None:
        self.file = file

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        download.describe(resp, "a.qcow2")
        send_file(req, resp, self.file, len(self.file.content), "abc")


@pytest.fixture
def file() -> File:
    return File()


def asked(file: File, **headers: str) -> Result:
    app = falcon.asgi.App()
    errors.install(app, ANSWERS)
    media.install(app)
    app.add_route("/file", Files(file))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestClient(app).simulate_get("/file", headers=named)


@pytest.mark.parametrize(
    ("range", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=4-7", 4, 8),
        ("bytes=1-", 1, 100),
        ("bytes=99-", 99, 100),
        ("bytes=0-98", 0, 99),
        ("bytes=90-99", 90, 100),
        ("bytes=90-100", 90, 100),
        ("bytes=90-5000", 90, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-99", 1, 100),
    ],
)
def test_a_part_of_the_same_file(file: File, range: str, start: int, end: int) -> None:
    answer = asked(file, Range=range, If_Range=f" {TAG} ")
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    assert answer.headers["content-length"] == str(end - start) and file.closed == 1


@pytest.mark.parametrize(
    ("range", "same"),
    [
        ("", TAG), ("bytes=0-99", TAG), ("bytes=0-", TAG), ("bytes=-100", TAG), ("bytes=-5000", TAG), ("bytes=0-1,4-5", TAG),
        ("lines=1-2", TAG), ("bytes=x-", TAG), ("bytes=4-7", ""), ("bytes=4-7", '"other"'), ("bytes=4-7", "abc"),
    ],
)  # fmt: skip
def test_all_of_it(file: File, range: str, same: str) -> None:
    headers = {"Range": range} if range else {}
    answer = asked(file, **headers, **({"If_Range": same} if same else {}))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["etag"] == TAG and answer.headers["content-length"] == "100"
    assert "content-range" not in answer.headers and file.closed == 1


@pytest.mark.parametrize("range", ["bytes=100-", "bytes=100-200", "bytes=5000-"])
def test_no_part_of_it_is_refused(file: File, range: str) -> None:
    answer = asked(file, Range=range, If_Range=TAG)
    assert (answer.status_code, answer.json["code"], answer.json["details"]) == (416, "range_refused", {"size": 100})
    assert answer.headers["content-range"] == "bytes */100"
    assert file.closed == 1 and file.reads == []


def test_one_with_nothing_in_it_is_sent() -> None:
    empty = File(b"")
    answer = asked(empty)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert empty.closed == 1


def test_what_is_known_before_is_said(file: File) -> None:
    headers = asked(file).headers
    assert headers["content-type"] == "application/octet-stream" and headers["accept-ranges"] == "bytes"
    assert headers["content-disposition"] == 'attachment; filename="a.qcow2"' and headers["cache-control"] == "no-store"


async def sent(file: File, start: int, end: int, gone: Callable[[], bool]) -> bytes:
    return b"".join([part async for part in Sending(file, start, end, gone)])


async def test_it_is_read_part_by_part(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PART", 40)
    assert await sent(file, 10, 100, lambda: False) == CONTENT[10:]
    assert file.reads == [(10, 40), (50, 40), (90, 10)]


async def test_one_that_became_shorter_ends(file: File) -> None:
    file.content = CONTENT[:20]
    assert await sent(file, 10, 100, lambda: False) == CONTENT[10:20]


async def test_nothing_is_read_for_a_client_that_has_gone(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PART", 40)
    states: Iterator[bool] = iter([False, True])
    assert await sent(file, 0, 100, lambda: next(states)) == CONTENT[:40]
    assert file.reads == [(0, 40)]


def test_who_asks_tells_whether_he_has_gone() -> None:
    here = falcon.asgi.Request.__new__(falcon.asgi.Request)
    here.scope = {}
    assert download.gone_of(here)() is False
    here.scope = {GONE: lambda: True}
    assert download.gone_of(here)() is True
