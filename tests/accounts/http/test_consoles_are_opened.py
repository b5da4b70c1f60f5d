"""A ticket opens one console over a WebSocket, which then is on the list, and carries what is typed and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import falcon
import pytest

from tests.accounts.console_house import BYTES, WORDS, ConsoleHouse, until
from tests.unit.watching import machine


async def refusal(house: ConsoleHouse, path: str, protocols: str) -> int:
    """Returns the status with which a WebSocket is refused."""
    with pytest.raises(falcon.WebSocketDisconnected) as refused:
        async with house.comes(path, protocols):
            pass
    return int(refused.value.code) - 3000


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "vnc"),
        ({"kind": "vnc"}, "vnc"),
        ({"kind": "serial", "mode": None}, "serial"),
        ({"kind": "serial", "mode": "view"}, "serial"),
    ],
    ids=["default", "screen", "serial line", "to look"],
)
async def test_what_a_ticket_says(house: ConsoleHouse, body: dict[str, str], path: str) -> None:
    answer = await house.ask("bob", "POST", "vms/web/consoles", body)
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    given = answer.json
    assert set(given) == {"ticket", "expires", "path", "protocols"} and given["ticket"].startswith("hsc_")
    assert given["path"] == f"/api/v1/vms/web/{path}" and given["protocols"] == [WORDS, BYTES]
    assert 25 < (datetime.fromisoformat(given["expires"]) - datetime.now(UTC)).total_seconds() < 31


async def test_no_ticket_is_given(house: ConsoleHouse) -> None:
    for who, body, status in (
        ("bob", {"kind": "spice"}, 400),
        ("bob", {"mode": "all"}, 400),
        ("bob", {"node": "view"}, 400),
        ("eve", {"mode": "control"}, 403),
        ("sam", {}, 404),
    ):
        assert (await house.ask(who, "POST", "vms/web/consoles", body)).status_code == status, body


async def test_it_is_on_the_list_as_long_as_it_is_open(house: ConsoleHouse) -> None:
    before = datetime.now(UTC)
    async with house.sits() as bob:
        opened = await bob.word("opened")
        [one] = await house.consoles()
        since = datetime.fromisoformat(one.pop("since"))
        assert before <= since <= datetime.now(UTC)
        assert one == {
            **{"id": opened["console"], "machine": "web", "kind": "serial", "mode": "control", "controls": True},
            **{"account": "bob", "address": "192.0.2.9"},
        }
        assert opened == {"type": "opened", "console": one["id"], "controls": True}
        async with house.sits("eve") as eve:
            assert (await eve.word("opened"))["controls"] is False
            listed = {one["account"]: (one["mode"], one["controls"]) for one in await house.consoles()}
            assert listed == {"bob": ("control", True), "eve": ("view", False)}
            assert [one["account"] for one in await house.consoles("eve")] == ["eve"]
            assert len(await house.consoles("mona")) == 2 and not await house.consoles("sam")
    assert not await house.consoles()


async def test_it_carries_what_is_typed_and_shown(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        assert bob.socket.subprotocol == WORDS
        await bob.sees(b"booted\r\n")
        await house.looked()
        assert not house.sitting(await bob.id()).taken, "another program keeps the line"
        await bob.socket.send_data(b"ls\r")
        await until(lambda: bool(house.lines) and house.lines[0].typed == b"ls\r")
        with house.log.open("ab") as log:
            log.write(b"a  b\r\n")
        await bob.sees(b"a  b\r\n")
    assert len(house.lines) == 1 and not house.lines[0].forced and house.lines[0].over


async def test_who_looks_on_types_nothing(house: ConsoleHouse) -> None:
    async with house.sits("eve") as eve:
        await house.types(eve, await eve.id(), b"rm -r /\r")
        await eve.sees(b"booted")
    assert not house.lines


async def test_a_viewer_of_bytes_hears_no_words(house: ConsoleHouse) -> None:
    async with house.sits(protocols=BYTES) as bob:
        assert bob.socket.subprotocol == BYTES
        await bob.sees(b"booted")
        [one] = await house.consoles()
        await house.done("bob", "DELETE", f"consoles/{one['id']}")
        assert (await bob.end())[0] == 1008 and not bob.words
    async with house.sits(protocols=f"{BYTES},{WORDS}") as bob:
        assert bob.socket.subprotocol == WORDS, "whoever understands words is told them"


async def test_whoever_sends_a_text_is_told_so(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        await bob.socket.send_text("ls")
        assert await bob.end() == (1002, "the viewer sent a text, and takes part in bytes only")
    assert not await house.consoles()


async def test_what_opens_none(house: ConsoleHouse) -> None:
    async def fresh(**asked: str) -> str:
        return str((await house.done("bob", "POST", "vms/web/consoles", {"kind": "serial", **asked}))["ticket"])

    used, serial = await fresh(), "/api/v1/vms/web/serial"
    async with house.comes(serial, f"{WORDS}, {used}"):
        pass
    assert await refusal(house, serial, f"{WORDS}, {used}") == 401
    assert await refusal(house, serial, WORDS) == 401
    assert await refusal(house, serial, await fresh()) == 400, "no protocol that is spoken here"
    assert await refusal(house, serial, f"other, {await fresh()}") == 400
    assert await refusal(house, serial, f"{WORDS}, {await fresh(kind='vnc')}") == 401
    assert await refusal(house, "/api/v1/vms/web/vnc", f"{WORDS}, {await fresh()}") == 401
    assert await refusal(house, "/api/v1/vms/db/serial", f"{WORDS}, {await fresh()}") == 401
    assert not await house.consoles()


async def test_a_ticket_of_another_namespace(house: ConsoleHouse) -> None:
    """Several servers may share a database."""
    ticket = (await house.done("bob", "POST", "vms/web/consoles", {"kind": "serial"}))["ticket"]
    house.watched.service.namespace = "lab"
    assert await refusal(house, "/api/v1/vms/web/serial", f"{WORDS}, {ticket}") == 401


async def test_as_many_as_may_be(opens: Callable[..., ConsoleHouse]) -> None:
    house = opens(per_machine=1)
    async with house.sits() as bob:
        await bob.id()
        ticket = (await house.done("bob", "POST", "vms/web/consoles", {"kind": "serial"}))["ticket"]
        assert await refusal(house, "/api/v1/vms/web/serial", f"{WORDS}, {ticket}") == 429
    async with house.sits() as bob:
        await bob.id()  # the place is free again


async def test_as_many_as_one_account_may_have(opens: Callable[..., ConsoleHouse]) -> None:
    house = opens(per_account=1)
    async with house.sits() as bob, house.sits("eve") as eve:
        await bob.id()
        await eve.id()
        ticket = (await house.done("bob", "POST", "vms/web/consoles", {"kind": "serial"}))["ticket"]
        assert await refusal(house, "/api/v1/vms/web/serial", f"{WORDS}, {ticket}") == 429


async def test_a_screen_that_is_off_is_said_so(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.sits(kind="vnc") as bob:  # libvirt's test driver shows no screens
        code, why = await bob.end()
    assert code == 1011 and why.startswith("the console of web: the screen of test cannot be opened: ")
    assert len(why) == 120, "no more arrives"


async def test_what_has_gone_meanwhile_is_said(house: ConsoleHouse) -> None:
    ticket = (await house.done("bob", "POST", "vms/web/consoles", {"kind": "serial"}))["ticket"]
    house.watched.now(machine())
    async with house.comes("/api/v1/vms/web/serial", f"{WORDS}, {ticket}") as bob:
        assert await bob.end() == (1011, "the console log of web: there is none yet: the machine was never defined")
    assert not await house.consoles()
