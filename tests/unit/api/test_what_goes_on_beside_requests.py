"""What goes on beside requests begins with the server, and ends with it; and tickets are no protocols."""

from __future__ import annotations

import asyncio

import falcon.asgi
import pytest
from falcon import testing

from homeostat.runtime.engine.supervise import Supervisor
from homeostat_api.accounts.kept import Kept
from homeostat_api.accounts.tickets import protocols_of, ticket_of
from homeostat_api.http.errors import Problem


async def test_it_begins_and_ends_with_the_server() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    kept = Kept(Supervisor(), "work", work)
    await kept.process_shutdown(None, None)  # of a server that did not begin
    await kept.process_startup(None, None)
    async with asyncio.timeout(5):
        await begun.wait()
        assert not ended.is_set()
        await kept.process_shutdown(None, None)
    assert ended.is_set()


def asked(protocols: str | None, query: str = "") -> falcon.asgi.Request:
    headers = {} if protocols is None else {"Sec-WebSocket-Protocol": protocols}
    scope = testing.create_scope(headers=headers, query_string=query)
    return falcon.asgi.Request(scope, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offered", "protocols", "ticket"),
    [
        ("binary, hsc_1", ["binary"], "hsc_1"),
        ("hsc_1,binary ,other", ["binary", "other"], "hsc_1"),
        ("binary", ["binary"], None),
        (None, [""], None),
    ],
)
def test_a_ticket_is_no_protocol(offered: str | None, protocols: list[str], ticket: str | None) -> None:
    assert protocols_of(asked(offered)) == protocols and ticket_of(asked(offered)) == ticket


@pytest.mark.parametrize("name", ["token", "access_token", "ticket", "api_key", "key", "password", "TOKEN"])
def test_nothing_that_lets_in_stands_in_a_url(name: str) -> None:
    with pytest.raises(Problem) as refused:
        ticket_of(asked("binary, hsc_1", f"a=b&{name}=secret"))
    assert refused.value.problem_code == "invalid_request" and f"(?{name.lower()}=)" in refused.value.message
    assert "secret" not in refused.value.message
