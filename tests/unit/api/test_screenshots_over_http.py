"""A picture of a screen over HTTP: what it is sent with, when it is not sent again, and how it is said that there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import ASGIConductor, Result

from homeostat.consoles import frames
from homeostat.consoles.frames import FrameLimits
from homeostat.models.machine import MachineState
from homeostat.service.consoles import consoles
from tests.unit.api.consoles_over_http import application_over
from tests.unit.api.test_requests_that_are_passed_on import another
from tests.unit.consoles.rfb_screen import RfbScreen, raw
from tests.unit.watching import Watched, host, machine, reported

SHOT = "/api/v1/vms/web/screenshot"


class Server:
    """What answers, and the screen that it shows."""

    def __init__(self, state: Path, *resources: Any, **allowed: Any) -> None:
        self.watched = Watched(state, *resources, **allowed)
        self.asks = ASGIConductor(application_over(self.watched.service))
        self.screen = RfbScreen(640, 4)

    async def get(self, query: str = "", path: str = SHOT, **headers: str) -> Result:
        return await self.asks.simulate_get(
            path, query_string=query, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    async def painted(self) -> Result:
        asking = asyncio.create_task(self.get())
        await self.screen.greets()
        await self.screen.is_asked()
        await self.screen.shows(raw(0, 0, *self.screen.size))
        return await asking


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    def made(*resources: Any, **allowed: Any) -> Server:
        server = Server(tmp_path, *resources, **allowed)
        monkeypatch.setattr(consoles, "open_screen", lambda uri, uuid: server.screen.theirs)
        return server

    yield made
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # readers, which go on for a while


def code(answer: Result) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def width(answer: Result) -> int:
    assert answer.status_code == 200 and answer.content.startswith(b"\x89PNG"), answer.text
    return int.from_bytes(answer.content[16:20], "big")


def kept(answer: Result) -> Mapping[str, str]:
    return {name: answer.headers[name] for name in ("etag", "cache-control", "last-modified")}


async def test_it_is_a_png_that_may_be_asked_for_again(shown: Any) -> None:
    web = shown(machine())
    first = await web.painted()
    assert width(first) == 640 and first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "private, no-cache" and first.headers["etag"].startswith('"')
    datetime.strptime(first.headers["last-modified"], "%a, %d %b %Y %H:%M:%S GMT")
    known = first.headers["etag"]
    for said in (known, "*", f'"other", {known}', f"W/{known}"):
        again = await web.get(If_None_Match=said)
        assert (again.status_code, again.content, kept(again)) == (304, b"", kept(first)), said
    other = await web.get(If_None_Match='"other"')
    assert other.content == first.content and kept(other) == kept(first)


async def test_its_size(shown: Any) -> None:
    web = shown(machine())
    full = await web.painted()
    assert (await web.get("size=full")).content == full.content
    small = await web.get("size=thumbnail", If_None_Match=full.headers["etag"])
    assert width(small) == 320, "another size is another picture"


@pytest.mark.parametrize("query", ["size=small", "size=", "size=FULL", "dummy=yes", "dummy=1"])
async def test_what_is_asked_for_wrongly(shown: Any, query: str) -> None:
    answer = await shown(machine()).get(query)
    name = query.partition("=")[0]
    assert code(answer) == (400, "invalid_request") and answer.json["details"]["parameter"] == name, answer.text
    assert answer.json["error"].endswith({"size": "one of full, thumbnail", "dummy": "one of true, false"}[name])


async def test_a_dummy_stands_for_what_is_not_there(shown: Any) -> None:
    off = shown(reported(machine(), state=MachineState.STOPPED))
    for query in ("", "dummy=false"):
        refused = await off.get(query)
        assert code(refused) == (409, "console_unavailable") and "it is off" in refused.json["error"]
        assert refused.json["details"] == {"name": "web"}
    dummy = await off.get("dummy=true")
    assert width(dummy) == 640 and "last-modified" not in dummy.headers
    assert dummy.headers["cache-control"] == "private, no-cache"
    assert width(await off.get("dummy=true&size=thumbnail")) == 320
    assert (await off.get("dummy=true", If_None_Match=dummy.headers["etag"])).status_code == 304


async def test_who_may(shown: Any) -> None:
    web = shown(machine(display={"private": True}))
    await web.painted()
    refused = await web.get(X_Who="eve")
    assert code(refused) == (409, "console_unavailable") and "its screen is private" in refused.json["error"]
    assert code(await web.get("dummy=true", X_Who="sam"))[0] == 404
    assert code(await web.get("dummy=true", path="/api/v1/vms/none/screenshot"))[0] == 404
    web.watched.now(machine())
    assert width(await web.get(X_Who="eve")) == 640


async def test_as_many_as_may_be(shown: Any) -> None:
    web = shown(machine())
    web.watched.service._shared.frames._limits = FrameLimits(readers=0)
    refused = await web.get("dummy=true")
    assert code(refused) == (429, "screens_at_limit") and int(refused.headers["retry-after"]) > 0


async def test_a_screen_that_shows_nothing(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SLOW", 0.02)
    refused = await shown(machine()).get()
    assert code(refused) == (409, "console_unavailable") and "showed nothing within" in refused.json["error"]


async def test_another_server_takes_it(shown: Any) -> None:
    head = b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nETag: "a"\r\nCache-Control: no-cache\r\nContent-Length: 3\r\n\r\n'
    with another(head + b"png") as (address, asked):
        web = shown(reported(machine(), host="a"), host("a", api=address), clustered=True)
        answer = await web.get("size=thumbnail&dummy=true", If_None_Match='"b"')
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"png", '"a"')
    assert answer.headers["content-type"] == "image/png" and answer.headers["cache-control"] == "no-cache"
    request = "".join(asked)
    assert request.startswith(f"GET {SHOT}?size=thumbnail&dummy=true HTTP/1.1") and request.endswith("\r\n\r\n")
    assert "content-type" not in request.lower(), "it says nothing"
    again = await web.get(Homeostat_Passed_On="1")
    assert code(again) == (409, "console_unavailable") and again.json["details"] == {"host": "a", "api": address}
    gone = await web.get()
    assert code(gone) == (503, "console_unavailable") and gone.headers["retry-after"] == "30"
