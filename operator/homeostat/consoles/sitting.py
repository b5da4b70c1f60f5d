"""Somebody before a console, as long as he sits there: what is decided about him elsewhere, and what he does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

Word = Mapping[str, Any]
"""What is said to a viewer beside the bytes, as JSON."""
WORDS = "homeostat.console.v1"
"""The protocol of viewers that understand words: text messages, JSON, beside the bytes."""
BYTES = "binary"
"""That of viewers that want bytes alone, as noVNC calls it."""


class Close(IntEnum):
    """How a WebSocket ends (RFC 6455 and IANA's registry)."""

    DONE = 1000
    GOING_AWAY = 1001
    PROTOCOL = 1002
    POLICY = 1008
    TOO_BIG = 1009
    FAILED = 1011
    RESTARTED = 1012
    LATER = 1013


@dataclass(frozen=True, slots=True)
class End:
    """Why a console ended, for people (at most 123 bytes of it arrive), and as a WebSocket has it."""

    code: Close
    why: str


LEFT = End(Close.DONE, "the viewer left")


class Left(Exception):
    """The viewer has gone, or has to: ``end`` says why."""

    def __init__(self, end: End = LEFT) -> None:
        super().__init__(end.why)
        self.end = end


class Viewer(Protocol):
    """The way to a viewer, which keeps the order of what it is given."""

    async def receive(self) -> bytes:
        """Returns the next bytes. None at all is the answer to a word that wants one.

        Raises:
            Left: no more will come.
        """

    async def send(self, data: bytes) -> None:
        """Sends bytes, and waits while he does not read.

        Raises:
            Left: he has gone.
        """

    async def say(self, word: Word) -> None:
        """Tells something to a viewer that understands words; to others nothing.

        Raises:
            Left: he has gone.
        """

    @property
    def understands(self) -> bool:
        """Tells whether he understands words."""


@dataclass(eq=False)
class Sitting:
    """``controls``: what he types reaches the guest. ``taken``: he has just taken control, so another program that has the way to
    the guest loses it. ``typed``: when he typed last (monotonic seconds). ``over`` is done, with the reason, once the console is
    to end."""

    controls: bool
    taken: bool = False
    typed: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.monotonic)
    over: asyncio.Future[End] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, end: End) -> None:
        """Ends it. The first reason counts."""
        if not self.over.done():
            self.over.set_result(end)

    def type(self) -> None:
        """Notes that he typed."""
        self.typed = time.monotonic()

    async def last(self, relay: Coroutine[Any, Any, End]) -> End:
        """Runs a relay until it ends or is to end, and returns why."""
        relaying = asyncio.create_task(relay)
        try:
            await asyncio.wait({relaying, self.over}, return_when=asyncio.FIRST_COMPLETED)
            if self.over.done():
                return self.over.result()
            return relaying.result()
        finally:
            relaying.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await relaying
