"""A body that is sent for long ends when whoever asked would be admitted no more, also while there is nothing to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat_api.http import admitted
from homeostat_api.http.admitted import WhileAdmitted
from homeostat_api.http.errors import Problem
from homeostat_api.http.media import takes_any_length


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


def request(still: Callable[[], Awaitable[bool]] | None) -> Any:
    return SimpleNamespace(context=SimpleNamespace(**({} if still is None else {"still": still})))


class Desk:
    """Takes bodies of any length."""

    def __init__(self) -> None:
        self.taken, self.cut = False, False

    @takes_any_length
    async def on_put(self, req: Any, resp: Any, wait: bool) -> None:
        try:
            if wait:
                await asyncio.Event().wait()
            self.taken = True
        except asyncio.CancelledError:
            self.cut = True
            raise


@pytest.mark.parametrize("still", [None, always])
async def test_a_body_of_one_who_may_is_taken(still: Callable[[], Awaitable[bool]] | None) -> None:
    desk = Desk()
    await desk.on_put(request(still), None, wait=False)
    assert desk.taken


async def test_a_body_is_cut_as_if_the_connection_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitted, "LOOK", 0.01)
    desk = Desk()
    async with asyncio.timeout(30):
        with pytest.raises(Problem) as refused:
            await desk.on_put(request(never), None, wait=True)
    assert (refused.value.status, refused.value.problem_code, desk.cut) == (401, "unauthorized", True)
    work = asyncio.current_task()
    assert work is not None and not work.cancelling()
    await asyncio.sleep(0)  # nothing of it comes later


async def test_a_server_that_stops_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    work = asyncio.ensure_future(desk.on_put(request(always), None, wait=True))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert desk.cut and len(asyncio.all_tasks()) == 1
