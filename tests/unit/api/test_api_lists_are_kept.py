"""Lists are kept as they were rendered, for one version of the index and so many queries; who has one already is told so."""

from __future__ import annotations

import falcon
import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat_api.http.kinds.lists import CACHED, ListCache, Page, send

ITEMS = [b'"a"', b'"b"', b'"c"']
ALL = Page(None, 0)


@pytest.mark.parametrize(
    ("page", "body"),
    [
        (ALL, b'["a","b","c"]'),
        (Page(2, 0), b'["a","b"]'),
        (Page(2, 1), b'["b","c"]'),
        (Page(None, 2), b'["c"]'),
        (Page(0, 1), b"[]"),
        (Page(5, 9), b"[]"),
    ],
)
def test_a_page(page: Page, body: bytes) -> None:
    rendered = ListCache().render(1, "", page, ITEMS)
    assert (rendered.body, rendered.total) == (body, "3")


def test_kept_for_one_version() -> None:
    cache = ListCache()
    first = cache.render(1, "a", ALL, ITEMS)
    second = cache.render(1, "b", Page(1, 0), ITEMS)
    assert (cache.get(1, "a"), cache.get(1, "b"), cache.get(1, "c"), cache.get(2, "a")) == (first, second, None, None)
    third = cache.render(2, "b", ALL, ITEMS[:2])
    assert (cache.get(2, "a"), cache.get(2, "b"), cache.get(1, "a")) == (None, third, None)
    assert len({first.etag, second.etag, third.etag}) == 3


def test_kept_for_so_many_queries() -> None:
    cache = ListCache()
    for number in range(CACHED):
        cache.render(1, number, ALL, ITEMS)
    assert all(cache.get(1, number) for number in range(CACHED))
    cache.render(1, CACHED, ALL, ITEMS)
    assert cache.get(1, CACHED) and not any(cache.get(1, number) for number in range(CACHED)), "it begins anew"


class OneList:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        send(req, resp, ListCache().render(1, "", ALL, ITEMS))


def test_who_has_it_already() -> None:
    app: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response] = falcon.asgi.App()
    app.add_route("/list", OneList())
    client = TestClient(app)
    whole = client.simulate_get("/list")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, b'["a","b","c"]', "application/json")
    etag = whole.headers["etag"]
    for known, status in ((etag, 304), (f'"0", {etag}', 304), (f"W/{etag}", 304), ("*", 304), (" * ", 304), ('"0"', 200)):
        answer = client.simulate_get("/list", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (status, whole.content if status == 200 else b""), known
        assert ("content-type" in answer.headers) is (status == 200), "what is not sent has no type"
        named = [answer.headers[name] for name in ("etag", "x-total-count", "cache-control")]
        assert named == [etag, "3", "no-cache"]
