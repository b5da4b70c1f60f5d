"""Lists: filtered, paged, and cached as rendered bytes for as long as the index does not change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import falcon.asgi

from homeostat.models.base import Resource
from homeostat.service.kinds.collection import R
from homeostat.service.service import Service

from ..actor import who
from ..requests.parameters import whole_number
from .kind_index import Entry, KindIndex

T = TypeVar("T")
CACHED = 64  # queries; a list of 1,000 machines is about 200 KB


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list. ``limit`` None: everything after ``offset``."""

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
    """Reads limit and offset.

    Raises:
        Problem: 400, limit or offset is not a whole number from 0.
    """
    return Page(whole_number(req, "limit"), whole_number(req, "offset") or 0)


class ListAnswer(Generic[R]):
    """A route's list: from the index, and from memory while that does not change."""

    def __init__(self, index: KindIndex[R], service: Service, frame: tuple[bytes, bytes] = (b"[", b"]")) -> None:
        self._index = index
        self._service = service
        self._frame = frame
        self._cache = ListCache()

    async def __call__(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        select: Callable[[falcon.asgi.Request], Callable[[Sequence[Entry]], Sequence[bytes]]],
    ) -> None:
        """Answers with the list. ``select`` reads the request; it is not called where the answer is cached."""
        desk = self._service.asked_by(who(req))
        query = (None if desk.sees_all else desk.actor, req.query_string)
        rendered = self._cache.get(self._service.changes.version(), query)
        if rendered is None:
            page, shown = page_of(req), select(req)
            version, entries = await self._index.seen_from(desk)
            rendered = self._cache.render(version, query, page, shown(entries), self._frame)
        send(req, resp, rendered)


def newest_first(
    keep: Callable[[Resource], bool] = lambda resource: True,
) -> Callable[[falcon.asgi.Request], Callable[[Sequence[Entry]], Sequence[bytes]]]:
    """Returns a selection for ``ListAnswer``: what was made last comes first. ``keep``: what is listed at all."""

    def age(entry: Entry) -> tuple[str, str]:
        return entry.resource.metadata.creation_timestamp or "", entry.name

    def shown(entries: Sequence[Entry]) -> Sequence[bytes]:
        kept = (entry for entry in entries if keep(entry.resource))
        return [entry.summary for entry in sorted(kept, key=age, reverse=True)]

    return lambda req: shown


class ListCache:
    """Rendered lists of one version of the index."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._rendered: dict[object, Rendered] = {}

    def get(self, version: int, query: object) -> Rendered | None:
        return self._rendered.get(query) if version == self._version else None

    def render(
        self, version: int, query: object, page: Page, items: Sequence[bytes], frame: tuple[bytes, bytes] = (b"[", b"]")
    ) -> Rendered:
        body = frame[0] + b",".join(page.of(items)) + frame[1]
        rendered = Rendered(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', str(len(items)))
        if version != self._version or len(self._rendered) >= CACHED:
            self._version, self._rendered = version, {}
        self._rendered[query] = rendered
        return rendered


def send(req: falcon.asgi.Request, resp: falcon.asgi.Response, rendered: Rendered) -> None:
    """Sends the list, or 304 where the client has it already."""
    resp.set_header("ETag", rendered.etag)
    resp.set_header("X-Total-Count", rendered.total)
    resp.set_header("Cache-Control", "no-cache")
    known = req.get_header("If-None-Match")
    if known is not None and (known.strip() == "*" or rendered.etag in known):
        resp.status = falcon.HTTP_304
        return
    resp.content_type = falcon.MEDIA_JSON
    resp.data = rendered.body
