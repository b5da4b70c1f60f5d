"""What a contract is to the process that serves it on a listener of its own: what it is given, and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import falcon.asgi
from pydantic import BaseModel

from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant
from homeostat.service.service import Service

from .errors import Answers
from .routes import Route

T = TypeVar("T")
Shown = Callable[[falcon.asgi.Request], str | None]
Proof = Callable[[falcon.asgi.Request, str], None]


def _nothing(req: falcon.asgi.Request) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Entrance:
    """How whoever asks shows who he is, beside ``Authorization: Bearer``."""

    advice: str  # for somebody who shows nothing, and could sign in
    key_header: str = ""  # carries a token, too
    for_everybody: Collection[str] = frozenset()  # paths that are read by whoever reaches the server
    sign_in: Collection[tuple[str, str]] = frozenset()  # methods and paths where somebody becomes known
    first: Shown = _nothing  # a token that counts before the one of the header
    refresh: Shown = _nothing  # a refresh token that a browser sends whoever makes it ask; it is not used up
    shown: Shown = _nothing  # a token elsewhere, which only whoever wrote the request put there
    cookie: Shown = _nothing  # a token that a browser sends whoever makes it ask
    cookie_first: bool = False  # the cookie counts before the header, where it is good
    proof: Proof | None = None  # that a page of ours asks; None: the Origin shows it
    also_banned: Collection[tuple[str, str]] = frozenset()  # methods and paths that are left to whoever is banned
    always: bool = False  # also programs of this host have to sign in
    tickets: bool = False  # WebSockets are opened by tickets
    ticket: Shown = _nothing  # or may be, by one that stands here
    for_everybody_below: tuple[str, ...] = ()  # what further paths begin with that are read by everybody


@dataclass(frozen=True, slots=True)
class Pages:
    """Which pages of other origins may ask, and read what they are answered. ``cookies``: with those that their browser has of
    us, if they are of ``origins``; a page of ``any`` origin has none."""

    origins: Collection[str] = frozenset()
    cookies: bool = False
    any: bool = False


@dataclass(frozen=True, slots=True)
class ScreenTexts:
    """What a viewer reads in texts beside the bytes. ``connected``: before the first of them. ``failed``: where none come, of
    why."""

    connected: str
    failed: Callable[[str], str]


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Lent:
    """What whoever opens a console may do there beside what he may anyway. ``still``: whether that goes on; it is asked twice a
    second."""

    grants: Collection[Grant] = ()
    still: Callable[[], Awaitable[bool]] = _always


NOTHING_LENT = Lent()


class ConsoleDoor(Protocol):
    """Where screens are opened for whoever asks a contract."""

    async def screen(
        self,
        req: falcon.asgi.Request,
        ws: falcon.asgi.WebSocket,
        machine: str,
        protocol: str | None = None,
        texts: ScreenTexts | None = None,
    ) -> None:
        """Serves the screen of a machine, as RFB, until one of both ends it. ``protocol``: the subprotocol that is accepted,
        where the WebSocket is not yet.

        Raises:
            Refusal, AccountsError: it may not be opened; the WebSocket is as it was.
        """

    async def webrtc(
        self,
        req: falcon.asgi.Request,
        ws: falcon.asgi.WebSocket,
        machine: str,
        protocol: str | None = None,
        lent: Lent = NOTHING_LENT,
    ) -> None:
        """Serves the screen of a machine by WebRTC. The WebSocket brings both sides together, as at our own API, and may close
        then. ``protocol``: the subprotocol that is accepted. ``lent``: see there.

        Raises:
            Refusal, AccountsError: it may not be opened; the WebSocket is as it was.
        """

    async def ticket(self, req: falcon.asgi.Request, machine: str) -> tuple[str, datetime]:
        """Returns a ticket for the screen of a machine, and when it expires.

        Raises:
            Refusal, AccountsError: there is none.
        """


class AccountsDoor(Protocol):
    """The accounts, where a contract has people of its own sign in."""

    async def opened(self) -> Reception:
        """Returns the accounts, also while there are none. Makes the database where there is none.

        Raises:
            DatabaseTrouble: it does not work.
        """

    async def run(self, work: Callable[[], T]) -> T:
        """Does what may wait for the database."""

    def forget(self) -> None:
        """Forgets what is known of who asks: this server itself has changed it."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What a contract is built on. ``settings``: its table of homeostat.toml; None: there is none. ``margin``: seconds on top
    of a machine's grace period, before a stop is answered unfinished."""

    service: Service
    settings: Any
    accounts: AccountsDoor
    consoles: ConsoleDoor
    margin: float
    libvirt_answers: Callable[[], Awaitable[bool]]
    origins: Collection[str] = frozenset()  # whose pages may ask, and show ours in frames


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it is served. ``error``: the model of its errors. ``health``: the path that says whether it is well,
    without an account. ``pages``: None, those of other origins that may ask our own API. ``yaml``: the
    path where it describes itself to everybody. ``keeps``: what goes on as long as it is served."""

    title: str
    routes: list[Route]
    answers: Answers
    entrance: Entrance
    error: type[BaseModel]
    health: str
    pages: Pages | None = None
    yaml: str = ""
    keeps: Callable[[], Awaitable[None]] | None = None
