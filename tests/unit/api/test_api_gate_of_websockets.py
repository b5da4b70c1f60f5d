"""The gate asks of a WebSocket what it asks of a request, and reads the rest of what it refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.errors import TicketRefused
from homeostat.accounts.rights import Role
from homeostat.service.journal import NOTED
from homeostat_api.http.errors import Problem
from homeostat_api.http.media import BODY_LIMIT, takes_any_length
from homeostat_api.http.rights import Right, needs
from tests.unit.api.test_api_gate_by_account import PAGE, TOKEN, Accounts, House

ALONE = Accounts(some=False)


class Screen:
    @needs(Right.CHANGE)
    async def on_websocket(self, req: object, ws: object) -> None: ...

    @takes_any_length
    @needs(Right.CHANGE)
    async def on_put(self, req: object, resp: object) -> None: ...


@dataclass
class Stream:
    left: int
    reads: int = 0

    async def read(self, size: int) -> bytes:
        self.reads += 1
        taken = min(size, self.left)
        self.left -= taken
        return b"x" * taken


@dataclass
class Asked:
    """What the gate reads of a request."""

    method: str = "GET"
    path: str = "/screen"
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    scope: dict[str, Any] = field(default_factory=lambda: {"client": ("192.0.2.7", 5000)})
    scheme: str = "ws"
    uri_template: str = "/screen"
    content_length: int | None = None
    stream: Stream = field(default_factory=lambda: Stream(0))
    context: SimpleNamespace = field(default_factory=SimpleNamespace)

    def get_header(self, name: str) -> str | None:
        return {"Host": "127.0.0.1:8080", **self.headers}.get(name)

    def get_cookie_values(self, name: str) -> None:
        return None


async def opened(house: House, asked: Asked) -> Actor:
    await house.gate.process_request_ws(asked, None)  # type: ignore[arg-type]
    await house.gate.process_resource_ws(asked, None, Screen(), {})  # type: ignore[arg-type]
    actor: Actor = asked.context.actor
    return actor


async def refusal(house: House, asked: Asked) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        await opened(house, asked)
    return int(problem.value.status), problem.value.problem_code


async def test_who_may_opens_one() -> None:
    actor = await opened(House(), Asked(headers={"Authorization": "Bearer hers"}))
    assert (actor.name, actor.address) == ("ada", "192.0.2.7")
    asked = Asked(headers={"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "198.51.100.9"})
    behind = House(token=TOKEN, proxies=(ip_network("192.0.2.0/24"),))
    assert (await opened(behind, asked)).address == "198.51.100.9"


async def test_nobody_else_does() -> None:
    with pytest.raises(TicketRefused, match=r"a console is opened by a ticket, .* and there is none"):
        await opened(House(), Asked())
    wrong = {"Authorization": "Bearer wrong"}
    assert await refusal(House(), Asked(headers=wrong)) == (401, "unauthorized")
    hers = {"Authorization": "Bearer hers"}
    assert await refusal(House(rights=frozenset({Right.SEE})), Asked(headers=hers)) == (403, "forbidden")


@pytest.mark.parametrize(("origin", "let_in"), [(None, True), (PAGE, True), ("https://elsewhere.example", False)])
async def test_without_accounts_only_pages_of_this_server_do(origin: str | None, let_in: bool) -> None:
    """Browsers keep no page from opening one elsewhere, as they keep it from reading answers."""
    house, asked = House(ALONE, host="127.0.0.1"), Asked(headers={"Origin": origin} if origin else {})
    if let_in:
        assert (await opened(house, asked)).how == "local"
    else:
        assert await refusal(house, asked) == (403, "origin_refused")


async def test_only_a_responder_that_says_so_is_sent_much() -> None:
    house = House()
    for length, method, refused in (
        (None, "POST", False),
        (BODY_LIMIT, "POST", False),
        (BODY_LIMIT + 1, "POST", True),
        (BODY_LIMIT + 1, "PUT", False),
    ):
        asked = Asked(method, content_length=length, context=SimpleNamespace(actor=Actor("token", rights=frozenset(Right))))
        try:
            await house.gate.process_resource(asked, None, Screen(), {})  # type: ignore[arg-type]
        except Problem as problem:
            assert refused and problem.problem_code == "body_too_large"
        else:
            assert not refused


async def test_each_request_begins_without_anything_noted_of_it() -> None:
    NOTED.set(True)
    await House().gate.process_request(Asked(headers={"Authorization": "Bearer hers"}), None)  # type: ignore[arg-type]
    assert not NOTED.get()


async def test_the_rest_of_what_was_refused_is_read_so_that_the_answer_arrives() -> None:
    house, left = House(), []
    for method, succeeded in (("POST", False), ("POST", True), ("GET", False)):
        asked = Asked(method, stream=Stream(100_000), context=SimpleNamespace(actor=Actor("token")))
        resp = SimpleNamespace(status_code=409, stream=None)
        await house.gate.process_response(asked, resp, None, succeeded)  # type: ignore[arg-type]
        left.append(asked.stream.left)
    assert left == [0, 100_000, 100_000]


async def test_a_responder_that_declares_nothing_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    house, admin = House(), Actor("token", Role.ADMINISTRATOR, rights=frozenset(Right))
    screen: Any = Screen()
    screen.on_patch = screen.on_put
    for method, told in (("PUT", 0), ("DELETE", 0), ("GET", 1)):
        if method == "GET":
            screen.on_get = Stream.read
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            try:
                house.gate._authorize(Asked(method, context=SimpleNamespace(actor=admin)), screen, method)  # type: ignore[arg-type]
            except Problem as problem:
                assert told and problem.problem_code == "forbidden"
        assert len(caplog.records) == told
