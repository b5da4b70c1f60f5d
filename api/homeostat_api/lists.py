"""Lists: filtered, paged, and kept as rendered bytes for as long as the index does not change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import falcon.asgi

from .parameters import whole_number

T = TypeVar("T")
KEPT = 64  # queries; a list of 1,000 machines is about 200 KB


@dataclass(frozen=True, slots=True)
class Page:
    """``limit`` None: all that follows ``offset``."""

    limit: int | None
    offset: int

    def of(self, items: Sequence[T]) -> Sequence[T]:
        end = None if self.limit is None else self.offset + self.limit
        return items[self.offset : end]


@dataclass(frozen=True, slots=True)
class Rendered:
    body: bytes
    etag: str
    total: str


def page_of(req: falcon.asgi.Request) -> Page:
    """
    Raises:
        Problem: 400, limit or offset is not a whole number from 0.
    """
    return Page(whole_number(req, "limit"), whole_number(req, "offset") or 0)


class ListCache:
    """Rendered lists of one version of the index."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._kept: dict[object, Rendered] = {}

    def get(self, version: int, query: object) -> Rendered | None:
        return self._kept.get(query) if version == self._version else None

    def render(self, version: int, query: object, page: Page, items: Sequence[bytes]) -> Rendered:
        body = b"[" + b",".join(page.of(items)) + b"]"
        rendered = Rendered(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', str(len(items)))
        if version != self._version or len(self._kept) >= KEPT:
            self._version, self._kept = version, {}
        self._kept[query] = rendered
        return rendered


def send(req: falcon.asgi.Request, resp: falcon.asgi.Response, rendered: Rendered) -> None:
    """The list, or 304 where the client has it already."""
    resp.set_header("ETag", rendered.etag)
    resp.set_header("X-Total-Count", rendered.total)
    resp.set_header("Cache-Control", "no-cache")
    known = req.get_header("If-None-Match")
    if known is not None and (known.strip() == "*" or rendered.etag in known):
        resp.status = falcon.HTTP_304
        return
    resp.content_type = falcon.MEDIA_JSON
    resp.data = rendered.body
