"""Whoever follows something waits while the server is away, which is noted once, and ends with what does not pass by itself."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.cli import access
from homeostat.cli.access import changing
from homeostat.cli.errors import CliError, ServerAway
from homeostat.cli.rest_server import RestRefusal


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(access, "AWAY_SECONDS", 0.0)


def followed(*answers: int | CliError) -> tuple[list[int], str]:
    """Returns what a follower sees, and with which error that ends. After the last answer comes such an error."""
    waiting = iter([*answers, CliError("the end")])
    seen: list[int] = []

    async def read() -> int:
        answer = next(waiting)
        if isinstance(answer, CliError):
            raise answer
        return answer

    async def follow() -> None:
        async for one in changing(read):
            seen.append(one)

    with pytest.raises(CliError) as ended:
        asyncio.run(follow())
    return seen, str(ended.value)


def busy(status: int) -> CliError:
    return RestRefusal(f"answered {status}", "", status)


AWAY = ServerAway("http://there does not answer: refused")


@pytest.mark.parametrize("why", [AWAY, *map(busy, (502, 503, 504))], ids=["away", "502", "503", "504"])
def test_it_is_waited_for(why: CliError, capsys: pytest.CaptureFixture[str]) -> None:
    assert followed(1, why, why, 1, 2) == ([1, 2], "the end")
    assert capsys.readouterr().err.splitlines() == [f"note: {why}; waiting for it", "note: the server answers again"]


def test_each_time_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    assert followed(1, AWAY, 2, AWAY, 3) == ([1, 2, 3], "the end")
    assert len(capsys.readouterr().err.splitlines()) == 4


@pytest.mark.parametrize("why", [CliError("something else"), *map(busy, (401, 403, 404, 500))], ids=str)
def test_what_does_not_pass_ends_it(why: CliError) -> None:
    assert followed(1, why, 2) == ([1], str(why))


def test_at_first_it_must_be_there() -> None:
    assert followed(AWAY, 1) == ([], str(AWAY))
