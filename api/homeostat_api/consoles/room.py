"""The consoles that this server serves. Twice a second it asks of each whether it is to go on: whether whoever looks would still
be admitted as the one he was, whether the machine is still his to look at, and what others have decided (ended it, taken
control)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from homeostat.accounts.actor import Actor
from homeostat.accounts.consoles import SCREENS, Bearer, ConsoleLimits, ConsoleOf, Consoles, OpenConsole, Ticket
from homeostat.accounts.errors import AccountsError, NoSuchConsole, TicketRefused
from homeostat.consoles.screen_relay import relay_screen
from homeostat.consoles.serial_relay import relay_serial
from homeostat.consoles.sitting import Close, End, Left, Sitting, Viewer, Word
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.refusals import Refusal
from homeostat.service.service import Service

from ..accounts.lookup import AccountsLookup
from ..config import ConsoleBounds
from ..http.contract import NOTHING_LENT, Lent
from ..http.errors import Problem

LOOK = 0.5  # seconds between two looks
ANSWER = 3.0  # seconds that a look may take
UNKNOWN = End(Close.LATER, "nobody knows who may look: the accounts database does not work (the server's log says why)")
NOT_HIS = "you may not look at it any more: ask for another ticket, or sign in again"
KEEP = 5.0  # seconds between two notes that this server still serves them
SLOW = 30.0  # seconds in which a viewer must take a word
WARNING = 60.0  # seconds before the end for want of input that a viewer is warned

log = logging.getLogger("homeostat.api")


@dataclass(eq=False)
class _Served:
    console: OpenConsole
    actor: Actor
    viewer: Viewer
    sitting: Sitting
    lent: Lent = NOTHING_LENT
    warned: bool = False
    taken: int = 0

    @property
    def looking(self) -> Actor:
        """Returns who looks, with what is lent to him for that."""
        return self.actor.lent(self.lent.grants)


class ConsoleRoom:
    """``again``: returns who the bearer of a ticket is now; it raises where he would not be admitted."""

    def __init__(
        self,
        lookup: AccountsLookup,
        service: Service,
        again: Callable[[Bearer], Awaitable[Actor]],
        bounds: ConsoleBounds,
        stopping: Callable[[], bool],
    ) -> None:
        self._lookup = lookup
        self._service = service
        self._again = again
        self._bounds = bounds
        self._limits = ConsoleLimits(bounds.per_machine, bounds.per_account)
        self.stopping = stopping
        self._served: dict[str, _Served] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def passes_on(self) -> bool:
        """Tells whether a ticket of this server's opens consoles of others, too."""
        return self._lookup.shared

    async def elsewhere(self, ticket: Ticket, actor: Actor) -> OnAnotherApi | None:
        """Returns the API server that a console is beside. None: it is served here."""
        return await self._service.asked_by(actor).consoles.elsewhere(ticket.console) if self.passes_on else None

    async def again(self, ticket: Ticket) -> str:
        """Returns another ticket for what one is for that has just been used.

        Raises:
            AccountsError: it cannot be kept.
        """
        consoles = await self._consoles()
        return (await self._lookup.run(lambda: consoles.issue(ticket)))[0]

    async def issue(self, actor: Actor, console: ConsoleOf) -> tuple[str, datetime]:
        """Returns a ticket for a console, and when it expires.

        Raises:
            AccountsError: it cannot be kept.
        """
        consoles, ticket = await self._consoles(), Ticket(Bearer.of(actor), console)
        return await self._lookup.run(lambda: consoles.issue(ticket))

    async def list(self, actor: Actor) -> Sequence[OpenConsole]:
        """Returns those of all servers that the actor may know of."""
        consoles = await self._consoles()
        return await self._service.asked_by(actor).consoles.visible(await self._lookup.run(consoles.list))

    async def end(self, actor: Actor, id: str, why: str) -> None:
        """Ends a console, whichever server serves it.

        Raises:
            NoSuchConsole: the actor knows of none such.
        """
        consoles = await self._consoles()
        await self._known(actor, id)
        await self._lookup.run(lambda: consoles.end(id, why))
        await self._look()

    async def take_control(self, actor: Actor, id: str) -> None:
        """Gives control of a machine to a console of the actor's; whoever had it looks on.

        Raises:
            NoSuchConsole: he has none such, or it is for looking only.
        """
        consoles = await self._consoles()
        if (await self._known(actor, id)).bearer.account != actor.name:
            raise NoSuchConsole(id)
        await self._lookup.run(lambda: consoles.take_control(id))
        await self._look()

    async def resize(self, actor: Actor, id: str, rows: int, columns: int) -> None:
        """Gives a console another size, in characters.

        Raises:
            NoSuchConsole: the actor knows of none such.
            NoConsoleSize: it takes none.
        """
        console = (await self._known(actor, id)).console
        self._service.asked_by(actor).consoles.resize(console, rows, columns)

    @asynccontextmanager
    async def place(self, ticket: Ticket, actor: Actor, lent: Lent = NOTHING_LENT) -> AsyncIterator[OpenConsole]:
        """Keeps a place for a console within it. ``lent``: what the actor may do there besides.

        Raises:
            ConsoleLimit: too many are open.
            TicketRefused: it is of another namespace than this server's, or no more the actor's to open.
        """
        if ticket.console.namespace != self._service.namespace:
            raise TicketRefused()
        if not await self._service.asked_by(actor.lent(lent.grants)).consoles.still(ticket.console):
            raise TicketRefused(f"{ticket.console.machine} is another machine by now, or not yours to look at so any more")
        consoles = await self._consoles()
        opened = await self._lookup.run(lambda: consoles.open(ticket, self._limits))
        try:
            yield opened
        finally:
            with suppress(AccountsError):  # its row counts no more after a while
                await self._lookup.run(lambda: consoles.close(opened.id))

    async def serve(self, console: OpenConsole, actor: Actor, viewer: Viewer, lent: Lent = NOTHING_LENT) -> End:
        """Serves a console for as long as it may be open, and returns why it ended. ``lent``: see ``place``."""
        served = self._served[console.id] = _Served(console, actor, viewer, Sitting(console.controls), lent)
        try:
            return await served.sitting.last(self._begin(served))
        except Left as error:
            return error.end
        except Refusal as error:
            return End(Close.FAILED, str(error))
        finally:
            del self._served[console.id]

    async def _begin(self, served: _Served) -> End:
        console = served.console
        await served.viewer.say({"type": "opened", "console": console.id, "controls": console.controls})
        return await self._relay(served)

    async def _relay(self, served: _Served) -> End:
        mine, of = self._service.asked_by(served.looking).consoles, served.console.console
        if of.kind in SCREENS:
            return await relay_screen(served.viewer, lambda: mine.screen(of), served.sitting)
        log = await mine.serial_log(of)
        return await relay_serial(served.viewer, log, lambda force: mine.serial_line(of, force), served.sitting)

    async def watch(self) -> None:
        """Looks after them, as long as the server runs."""
        kept = 0.0
        while True:
            await asyncio.sleep(LOOK)
            if self._served and self.stopping():
                for served in self._served.values():
                    served.sitting.end(End(Close.GOING_AWAY, "the server stops: connect again"))
            elif self._served:
                kept = await self._look_after(kept)

    async def _look_after(self, kept: float) -> float:
        """Looks at all that are open, and keeps their rows. Ends them where the accounts database does not answer in time: nobody
        knows who may look. Returns when the rows were kept last."""
        open_now = list(self._served.values())
        try:
            async with asyncio.timeout(ANSWER):
                await self._look()
                if time.monotonic() - kept >= KEEP:
                    kept = time.monotonic()
                    await self._keep()
        except (AccountsError, TimeoutError) as error:
            log.error("consoles are ended, as nobody knows who may look: %s", error or f"no answer within {ANSWER:.0f} s")
            for served in open_now:
                served.sitting.end(UNKNOWN)
        return kept

    async def _consoles(self) -> Consoles:
        return (await self._lookup.opened()).consoles

    async def _known(self, actor: Actor, id: str) -> OpenConsole:
        for one in await self.list(actor):
            if one.id == id:
                return one
        raise NoSuchConsole(id)

    async def _keep(self) -> None:
        consoles, ids = await self._consoles(), list(self._served)
        try:
            await self._lookup.run(lambda: consoles.keep(ids))
        except AccountsError as error:
            log.error("others do not learn which consoles are open here: %s; %s", error, error.mend)

    async def _look(self) -> None:
        consoles, open_now = await self._consoles(), list(self._served.values())  # one that opens meanwhile may not be read yet
        said = await self._lookup.run(consoles.served)
        for served in open_now:
            if (why := await self._ended(served, said.get(served.console.id))) is not None:
                served.sitting.end(why)

    async def _ended(self, served: _Served, now: OpenConsole | None) -> End | None:
        """Returns why a console is to end. None: it goes on."""
        if now is None:
            return End(Close.GOING_AWAY, "this server was too slow to say that it is open: connect again")
        if now.ended:
            return End(Close.POLICY, now.ended)
        if lost := await self._lost(served):
            return End(Close.POLICY, lost)
        if now.taken != served.taken:
            served.taken, served.sitting.taken = now.taken, True
        if now.controls != served.sitting.controls:
            served.sitting.controls = now.controls
            self._tell(served, {"type": "control", "controls": now.controls})
        return self._out_of_time(served)

    async def _lost(self, served: _Served) -> str:
        """Says why whoever looks may not go on; empty: he may."""
        try:
            if await self._again(served.console.bearer) != served.actor or not await served.lent.still():
                return NOT_HIS
        except (Problem, AccountsError):
            return NOT_HIS
        consoles, of = self._service.asked_by(served.looking).consoles, served.console.console
        return "" if await consoles.still(of) else await consoles.fate(of) or NOT_HIS

    def _out_of_time(self, served: _Served) -> End | None:
        now, sitting = time.monotonic(), served.sitting
        if now - sitting.began > self._bounds.total:
            return End(Close.POLICY, f"a console is open for {self._bounds.total:.0f} seconds at most: open another one")
        left = sitting.typed + self._bounds.idle - now
        if left <= 0:
            return End(Close.POLICY, f"nothing was typed for {self._bounds.idle:.0f} seconds")
        if left <= WARNING and not served.warned:
            self._tell(served, {"type": "idle", "seconds": round(left)})
        served.warned = left <= WARNING
        return None

    def _tell(self, served: _Served, word: Word) -> None:
        """Says something to a viewer. Nobody waits for that: he may read nothing, and the others are looked after meanwhile."""
        telling = asyncio.create_task(_say(served, word))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)


async def _say(served: _Served, word: Word) -> None:
    with suppress(Left, TimeoutError):  # whoever relays notices, too
        async with asyncio.timeout(SLOW):
            await served.viewer.say(word)
