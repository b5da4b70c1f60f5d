"""What is left of the body of a refused request is read, within bounds, so that its sender gets to see the answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.config import ApiConfig
from homeostat_api.gate import Gate, own_entrance
from homeostat_api.http import media
from homeostat_contracts.volant.routes import API_KEY


class Body:
    """``left``: the bytes that are yet to come. ``hangs``: the sender sends nothing more, and stays."""

    def __init__(self, left: int, hangs: bool = False) -> None:
        self.left, self.hangs = left, hangs

    async def read(self, size: int) -> bytes:
        if self.hangs:
            await asyncio.Event().wait()
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)


def responded(method: str, succeeded: bool, body: Body) -> Body:
    async def respond() -> None:
        request: Any = SimpleNamespace(method=method, stream=body)
        async with asyncio.timeout(30):
            config, response = ApiConfig(None, Path("/nowhere")), SimpleNamespace(stream=None, status_code=400)
            gate = Gate(config, own_entrance(API_KEY), AccountsLookup(config.accounts))
            await gate.process_response(request, response, None, succeeded)  # type: ignore[arg-type]

    asyncio.run(respond())
    return body


@pytest.mark.parametrize(
    ("method", "succeeded", "read"),
    [("POST", False, True), ("PATCH", False, True), ("DELETE", False, True), ("POST", True, False), ("GET", False, False)],
)
def test_of_whom_it_is_read(method: str, succeeded: bool, read: bool) -> None:
    assert responded(method, succeeded, Body(200_000)).left == (0 if read else 200_000)


CHUNK = 2**16


@pytest.mark.parametrize(("limit", "chunks"), [(4 * CHUNK, 4), (CHUNK, 1), (CHUNK + 1, 2)])
def test_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch, limit: int, chunks: int) -> None:
    monkeypatch.setattr(media, "DISCARD_LIMIT", limit)
    assert responded("POST", False, Body(2**20)).left == 2**20 - chunks * CHUNK


def test_no_longer_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "DISCARD_SECONDS", 0.01)
    responded("POST", False, Body(1, hangs=True))
