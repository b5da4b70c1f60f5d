"""How long a console may be open, to the second; and whoever takes no word of it keeps nobody waiting."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.consoles.sitting import Close, End, Left, Sitting
from homeostat_api.config import ConsoleBounds
from homeostat_api.consoles import room as module
from homeostat_api.consoles.room import WARNING, ConsoleRoom

NOW = 1_000_000.0
BOUNDS = ConsoleBounds(idle=3600.0, total=7200.0)


class Viewer:
    def __init__(self) -> None:
        self.words: list[Any] = []
        self.takes = asyncio.Event()
        self.error: Exception | None = None

    async def say(self, word: Any) -> None:
        await self.takes.wait()
        if self.error is not None:
            raise self.error
        self.words.append(word)


class Open:
    """A console that was opened ``began`` seconds ago, and typed at last ``typed`` seconds ago."""

    def __init__(self, began: float = 0.0, typed: float = 0.0) -> None:
        nothing: Any = None
        self.room = ConsoleRoom(nothing, nothing, nothing, BOUNDS, lambda: False)
        self.viewer = Viewer()
        self.served: Any = SimpleNamespace(
            viewer=self.viewer, sitting=Sitting(True, began=NOW - began, typed=NOW - typed), warned=False
        )

    def ends(self) -> str:
        end = self.room._out_of_time(self.served)
        return end.why if end is not None else ""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: NOW))


async def test_at_all() -> None:
    assert not Open(began=7200).ends()
    assert Open(began=7200.5).ends() == "a console is open for 7200 seconds at most: open another one"


async def test_without_input() -> None:
    assert not Open(typed=3599.5).ends()
    assert Open(typed=3600).ends() == "nothing was typed for 3600 seconds"


async def test_a_warning_comes_once() -> None:
    for typed, warned in ((3600 - WARNING - 0.5, False), (3600 - WARNING, True), (3590.4, True)):
        one = Open(typed=typed)
        one.viewer.takes.set()
        for _ in range(2):
            assert not one.ends() and one.served.warned == warned
            await asyncio.gather(*one.room._telling)
            assert one.viewer.words == ([{"type": "idle", "seconds": round(3600 - typed)}] if warned else [])
    one.served.sitting.typed = NOW
    assert not one.ends() and not one.served.warned, "it was typed at: there will be another one"


async def test_whoever_takes_no_word_is_waited_for_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Open()
    one.room._tell(one.served, {"type": "control"})
    assert len(one.room._telling) == 1, "it is held as long as it takes"
    one.viewer.takes.set()
    await asyncio.gather(*one.room._telling)
    await asyncio.sleep(0)
    assert not one.room._telling and one.viewer.words == [{"type": "control"}]
    one.viewer.takes.clear()
    monkeypatch.setattr(module, "SLOW", 0.01)
    one.room._tell(one.served, {"type": "control"})
    await asyncio.gather(*one.room._telling)  # it is given up
    one.viewer.takes.set()
    one.viewer.error = Left()
    one.room._tell(one.served, {"type": "control"})
    await asyncio.gather(*one.room._telling)
    assert len(one.viewer.words) == 1


async def test_a_viewer_who_has_to_go_before_the_first_word_is_told_why() -> None:
    one, end = Open(), End(Close.PROTOCOL, "the viewer sent a text")
    one.viewer.error = Left(end)
    one.viewer.takes.set()
    console: Any = SimpleNamespace(id="1", controls=True)
    nobody: Any = None
    known: Any = one.viewer
    assert await one.room.serve(console, nobody, known) == end
    assert not one.room._served


def test_what_holds_where_nothing_else_is_said() -> None:
    assert ConsoleBounds() == ConsoleBounds(16, 16, idle=3600, total=43200)
