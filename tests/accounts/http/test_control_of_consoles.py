"""One console of a machine has control at a time, and another one of its owner can take it; none takes a size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat_api.consoles import room
from tests.accounts.console_house import ConsoleHouse, until


async def test_control_is_taken(house: ConsoleHouse) -> None:
    async with house.sits() as first, house.sits() as second:
        begun, next_one = await first.word("opened"), await second.word("opened")
        assert (begun["controls"], next_one["controls"]) == (True, False)
        await house.types(second, next_one["console"], b"lost")
        await first.socket.send_data(b"a")
        await until(lambda: len(house.lines) == 1 and house.lines[0].typed == b"a")
        answer = await house.ask("bob", "POST", f"consoles/{next_one['console']}/control")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await first.word("control"))["controls"] is False
        assert (await second.word("control"))["controls"] is True
        await until(lambda: len(house.lines) == 2 and house.lines[0].over)
        assert house.lines[1].forced, "from whatever program has it"
        await house.types(first, begun["console"], b"lost, too")
        await second.socket.send_data(b"b")
        await until(lambda: house.lines[1].typed == b"b")
        assert len(house.lines) == 2 and house.lines[0].typed == b"a"
        controls = {one["id"]: one["controls"] for one in await house.consoles()}
        assert controls == {begun["console"]: False, next_one["console"]: True}
        await house.done("bob", "POST", f"consoles/{next_one['console']}/control")
        assert not [word for word in (*first.words, *second.words) if word["type"] == "control"]


async def test_it_is_taken_at_once(opens: Callable[..., ConsoleHouse], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK", 60.0)
    house = opens()
    async with house.sits() as first, house.sits() as second:
        await first.id()
        await house.done("bob", "POST", f"consoles/{await second.id()}/control")
        assert (await second.word("control"))["controls"] is True


async def test_who_takes_none(house: ConsoleHouse) -> None:
    async with house.sits() as bob, house.sits("eve") as eve:
        his, hers = await bob.id(), await eve.id()
        for who, id in (("eve", hers), ("root", his), ("bob", hers), ("eve", his), ("bob", "none")):
            refused = await house.ask(who, "POST", f"consoles/{id}/control")
            assert (refused.status_code, refused.json["code"]) == (404, "console_not_found"), (who, id)
        assert {one["account"]: one["controls"] for one in await house.consoles()} == {"bob": True, "eve": False}


async def test_none_takes_a_size(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        path = f"consoles/{await bob.id()}/size"
        refused = await house.ask("bob", "PUT", path, {"rows": 40, "columns": 132})
        assert (refused.status_code, refused.json["code"]) == (409, "no_console_size")
        assert "stty rows 40 columns 132" in refused.json["error"]
        assert (await house.ask("sam", "PUT", path, {"rows": 40, "columns": 132})).status_code == 404


@pytest.mark.parametrize(
    ("rows", "columns", "status"),
    [(1, 1, 409), (1000, 1000, 409), (0, 1, 400), (1, 0, 400), (1001, 1, 400), (1, 1001, 400)],
)
async def test_bounds_of_a_size(house: ConsoleHouse, rows: int, columns: int, status: int) -> None:
    async with house.sits() as bob:
        path = f"consoles/{await bob.id()}/size"
        assert (await house.ask("bob", "PUT", path, {"rows": rows, "columns": columns})).status_code == status
        assert (await house.ask("bob", "PUT", path, {"rows": rows, "columns": columns, "depth": 1})).status_code == 400
