"""A file as an answer: with its length, a part of it where that is certainly a part of the same file, and nothing once the client
has gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

import falcon
import falcon.asgi

from ..errors import Problem
from ..operations import Parameter

GONE = "homeostat.gone"  # in the scope: tells whether the client gets nothing more
PART = 2**20  # bytes that are read and sent at once
IF_RANGE = Parameter(
    "If-Range",
    {"type": "string", "example": '"9f86d081884c7d65"'},
    "With Range: the ETag of the answer that was cut. Without it, or where the contents are others by now, all is sent.",
    place="header",
)
RANGE = Parameter("Range", {"type": "string", "example": "bytes=1048576-"}, "One range of bytes.", place="header")
HEADERS = {
    "ETag": "The SHA-256 of the contents, in quotes.",
    "Accept-Ranges": "bytes",
    "Content-Disposition": "A name for the file.",
}


class Sendable(Protocol):
    async def read(self, offset: int, size: int) -> bytes: ...

    def close(self) -> None:
        """Gives it up. It may be called again."""


def gone_of(req: falcon.asgi.Request) -> Callable[[], bool]:
    """Returns what tells whether the client has gone. Any thread may call it."""
    found: Callable[[], bool] = req.scope.get(GONE, lambda: False)
    return found


def only_head(req: falcon.asgi.Request) -> bool:
    return bool(getattr(req.context, "head", False))


class Sending:
    """The body of an answer: the bytes from ``start`` to before ``end``."""

    def __init__(self, file: Sendable, start: int, end: int, gone: Callable[[], bool]) -> None:
        self._file, self._at, self._end, self._gone = file, start, end, gone

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        size = min(PART, self._end - self._at)
        part = await self._file.read(self._at, size) if size and not self._gone() else b""
        if not part:
            raise StopAsyncIteration
        self._at += len(part)
        return part

    async def close(self) -> None:
        self._file.close()


class Nothing:
    """The body of an answer to HEAD where its length is not known."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def describe(resp: falcon.asgi.Response, name: str) -> None:
    """Sets the headers that are known before there is anything to send."""
    resp.content_type = "application/octet-stream"
    resp.downloadable_as = name
    resp.set_header("Accept-Ranges", "bytes")
    resp.set_header("Cache-Control", "no-store")


def send_file(req: falcon.asgi.Request, resp: falcon.asgi.Response, file: Sendable, size: int, sha256: str) -> None:
    """Answers with a file, or the part that the request asks for. Closes it in the end, whatever happens.

    Raises:
        Problem: 416, the file has no such part.
    """
    etag = f'"{sha256}"'
    resp.set_header("ETag", etag)
    start, end = _asked(req, size) if (req.get_header("If-Range") or "").strip() == etag else (0, size)
    if start >= end and size:
        file.close()
        said = f"Range: the file has {size} bytes"
        raise Problem(416, "range_refused", said, {"size": size}, headers={"Content-Range": f"bytes */{size}"})
    if (start, end) != (0, size):
        resp.status = falcon.HTTP_206
        resp.content_range = (start, end - 1, size)
    resp.set_stream(Sending(file, start, end, gone_of(req)), end - start)


def _asked(req: falcon.asgi.Request, size: int) -> tuple[int, int]:
    """Returns the range of the request: all of it where it asks for none, or for several."""
    try:
        asked = req.range if req.range_unit == "bytes" else None
    except falcon.HTTPBadRequest:
        asked = None
    if asked is None:
        return 0, size
    first, last = asked
    if first < 0:
        return max(size + first, 0), size
    return first, size if last == -1 else min(last + 1, size)
