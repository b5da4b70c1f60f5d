"""A body that is sent for long ends when whoever asked would be admitted no more, also while there is nothing to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from homeostat_api.http import admitted
from homeostat_api.http.admitted import WhileAdmitted


class Body:
    """Sends its parts, then nothing for ever where it ``waits``."""

    def __init__(self, *parts: bytes, waits: bool = False) -> None:
        self.parts, self.waits, self.closed = list(parts), waits, 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.parts:
            return self.parts.pop(0)
        if self.waits:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1


async def always() -> bool:
    return True


async def never() -> bool:
    return False


async def test_one_who_may_gets_all_of_it() -> None:
    assert [part async for part in WhileAdmitted(Body(b"a", b"b"), always)] == [b"a", b"b"]


async def test_it_ends_while_there_is_nothing_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitted, "LOOK", 0.01)
    body = Body(b"a", waits=True)
    async with asyncio.timeout(30):
        assert [part async for part in WhileAdmitted(body, never)] == [b"a"]
    assert body.closed == 1


async def test_it_ends_while_there_is_always_something_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitted, "LOOK", 0.0)
    body = Body(*[b"a"] * 1000)
    assert not [part async for part in WhileAdmitted(body, never)]
    assert body.closed == 1


async def test_a_client_that_goes_closes_it() -> None:
    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    ended: list[bool] = []
    body = WhileAdmitted(parts(), always)
    assert await anext(body) == b"a"
    waiting = asyncio.ensure_future(anext(body))
    await asyncio.sleep(0)
    waiting.cancel()
    await body.close()
    assert ended == [True]


async def test_what_fails_in_it_is_not_hidden() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionError("the disk is gone")

    body = WhileAdmitted(parts(), always)
    assert await anext(body) == b"a"
    with pytest.raises(ConnectionError):
        await anext(body)
    await body.close()
