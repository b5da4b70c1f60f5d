"""Files of the pages and streams are sent by gzip to clients that take it, and as they are to all others."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from falcon.testing import TestClient, create_asgi_req

from homeostat_api.consoles import pages
from homeostat_api.errors import ANSWERS
from homeostat_api.http.answers import web_files
from homeostat_api.http.answers.compressed import compressed, takes_gzip
from homeostat_api.http.application import application

TEXT = b"const fleet = [];\n" * 100


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    web = tmp_path / "web"
    (web / "page").mkdir(parents=True)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    for name in ("main.js", "part-AB12CD34.js", "part-short.js", "linked.js"):
        (web / "page" / name).write_bytes(TEXT)
        if name != "linked.js":
            (web / "page" / f"{name}.gz").write_bytes(gzip.compress(TEXT, mtime=0))
    (web / "page" / "linked.js.gz").symlink_to(tmp_path / "secret.txt")
    (web / "page" / "small.css").write_bytes(b"a {}")
    for module in (pages, web_files):
        monkeypatch.setattr(module, "WEB", web)
    return TestClient(application(pages.page_routes(), ANSWERS, ()))


def test_a_file_comes_by_gzip_to_whoever_takes_it(client: TestClient) -> None:
    answer = client.simulate_get("/web/page/main.js", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert gzip.decompress(answer.content) == TEXT and answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8" and answer.headers["vary"] == "Accept-Encoding"


def test_it_comes_as_it_is_to_all_others(client: TestClient) -> None:
    answer = client.simulate_get("/web/page/main.js")
    assert answer.content == TEXT and "content-encoding" not in answer.headers and answer.headers["vary"] == "Accept-Encoding"


def test_each_form_has_a_tag_of_its_own(client: TestClient) -> None:
    by_gzip = {"Accept-Encoding": "gzip"}
    packed = client.simulate_get("/web/page/main.js", headers=by_gzip).headers["etag"]
    plain = client.simulate_get("/web/page/main.js").headers["etag"]
    assert packed != plain
    assert client.simulate_get("/web/page/main.js", headers={**by_gzip, "If-None-Match": packed}).status_code == 304
    assert client.simulate_get("/web/page/main.js", headers={**by_gzip, "If-None-Match": plain}).status_code == 200


@pytest.mark.parametrize(("file", "content"), [("small.css", b"a {}"), ("linked.js", TEXT)])
def test_what_was_not_built_so_or_lies_elsewhere_comes_as_it_is(client: TestClient, file: str, content: bytes) -> None:
    answer = client.simulate_get(f"/web/page/{file}", headers={"Accept-Encoding": "gzip"})
    assert answer.content == content and "content-encoding" not in answer.headers


def test_no_file_is_none_in_either_form(client: TestClient) -> None:
    assert client.simulate_get("/web/page/none.js", headers={"Accept-Encoding": "gzip"}).status_code == 404


@pytest.mark.parametrize(
    ("file", "kept"),
    [("part-AB12CD34.js", "private, max-age=31536000, immutable"), ("main.js", "no-cache"), ("part-short.js", "no-cache")],
)
def test_only_a_file_that_is_named_by_its_content_is_kept_for_ever(client: TestClient, file: str, kept: str) -> None:
    assert client.simulate_get(f"/web/page/{file}").headers["cache-control"] == kept


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.2", True),
        ("*", True),
        ("deflate, br", False),
        ("", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("identity;q=0.5, *;q=0.1", True),
        ("x-gzip", False),
        (";;,,", False),
    ],
)
def test_whether_a_client_takes_gzip(header: str, takes: bool) -> None:
    assert takes_gzip(create_asgi_req(headers={"Accept-Encoding": header})) is takes


def test_each_part_of_a_stream_can_be_read_when_it_comes() -> None:
    ended = []

    async def said() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            yield b"second"
            yield b"third"
        finally:
            ended.append(True)

    async def read() -> None:
        reader = zlib.decompressobj(wbits=31)
        stream = compressed(said())
        assert reader.decompress(await anext(stream)) == b"first"
        assert reader.decompress(await anext(stream)) == b"second"
        await stream.aclose()
        assert ended == [True], "what is compressed ends with its reader"

    asyncio.run(read())


def test_a_stream_that_ends_is_whole() -> None:
    async def said() -> AsyncGenerator[bytes, None]:
        for number in range(100):
            yield b"line %d\n" % number

    async def read() -> bytes:
        return b"".join([part async for part in compressed(said())])

    assert gzip.decompress(asyncio.run(read())) == b"".join(b"line %d\n" % number for number in range(100))
