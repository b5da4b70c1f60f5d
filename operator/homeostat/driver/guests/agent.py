"""The QEMU guest agent: whether it is there, commands in the guest, and the guest's addresses.

Protocol: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html

A guest may answer late or never. libvirt then holds the call for as long as it was asked to wait, and for 5 s when it must
synchronise with an agent that did not answer before. So agents have their own connection and threads, on which nothing else
waits. Those that did not answer last time get only some of these threads.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import Any, TypeVar

import libvirt_qemu

from ..connection.connection import REQUESTS, LibvirtConnection
from ..errors import DriverError
from ..tasks import Keep, once
from .turns import GuestTurns, Patience

T = TypeVar("T")

POLL = 0.1  # seconds between checks whether a command has ended
HANGS = 1.0  # seconds; without an agent libvirt says so at once
TOLD_WITHIN = 2.0  # seconds for asking a guest to shut down, while agents are asked other things
REFUSES_WITHIN = 1.0  # seconds; an agent that has not refused by then shuts down, or hangs
SILENT_AT_ONCE = REQUESTS - 2  # so many calls may hang while the others go on


class Agent:
    """Asks the agents of one host's guests. Opens its connection when it is first needed."""

    def __init__(self, uri: str, keep: Keep = once) -> None:
        async def keep_ours(name: str, job: Callable[[], Awaitable[None]], *, may_end: bool = False) -> None:
            await keep(f"{name} for guest agents", job, may_end=may_end)

        self._connection = LibvirtConnection(uri, _nothing_to_list, lambda error: None, quiet=True, keep=keep_ours)
        self._starting: asyncio.Task[None] | None = None
        self._turns = GuestTurns(REQUESTS, SILENT_AT_ONCE)

    @property
    def calls(self) -> Counter[str]:
        return self._connection.calls

    async def close(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
            await self._connection.close()

    async def ping(self, uuid: str, timeout: float) -> None:
        """Asks the agent for a sign of life.

        Raises:
            TimeoutError: no answer within ``timeout`` seconds.
            DriverError: it is not there, or its answer makes no sense.
        """
        await self._ask(uuid, Patience(timeout), "guest-ping", lambda answer: None)

    async def run(self, uuid: str, command: Sequence[str], timeout: float) -> int:
        """Runs a command without a shell and returns its exit code. After ``timeout`` seconds the command is left to end by
        itself. Raises the same errors."""
        patience, (program, *arguments) = Patience(timeout), command
        what = {"path": program, "arg": arguments, "capture-output": False}
        pid = await self._ask(uuid, patience, "guest-exec", lambda answer: int(answer["pid"]), **what)
        while True:
            code = await self._ask(uuid, patience, "guest-exec-status", _exit_code, pid=pid)
            if code is not None:
                return code
            await asyncio.sleep(POLL)
            patience.left -= POLL

    async def addresses(self, uuid: str, timeout: float) -> Sequence[tuple[str, str]]:
        """Returns (MAC, IP) of every address that the guest says it has. Raises the same errors."""
        return await self._ask(uuid, Patience(timeout), "guest-network-get-interfaces", _addresses)

    async def freeze(self, uuid: str, timeout: float) -> int:
        """Freezes the guest's file systems, and returns how many. Raises the same errors; then it may freeze them late."""
        return await self._ask(uuid, Patience(timeout), "guest-fsfreeze-freeze", int)

    async def thaw(self, uuid: str, timeout: float) -> int:
        """Thaws the guest's file systems, and returns how many were frozen. Raises the same errors."""
        return await self._ask(uuid, Patience(timeout), "guest-fsfreeze-thaw", int)

    async def shut_down(self, uuid: str) -> None:
        """Asks the guest to shut down, and returns within seconds. An agent that shuts down does not answer, and libvirt's own
        call would wait a minute for the guest to be off.

        Raises:
            DriverError: it was not asked, because its agent is not there or is still busy; or it refuses.
        """
        try:
            async with asyncio.timeout(TOLD_WITHIN):
                await self._connect()
                turn = await self._turn(uuid, Patience(TOLD_WITHIN))
        except TimeoutError:
            raise DriverError("it cannot be asked now, or has not answered yet what it was asked before") from None
        execute = "guest-shutdown"
        text = json.dumps({"execute": execute})
        call = asyncio.ensure_future(self._call(uuid, execute, text, math.ceil(REFUSES_WITHIN) + 1, turn))
        call.add_done_callback(_retrieve)
        await asyncio.wait((call,), timeout=REFUSES_WITHIN)
        if call.done():
            call.result()

    async def _ask(self, uuid: str, patience: Patience, execute: str, read: Callable[[Any], T], **arguments: object) -> T:
        """Sends one request. ``read`` takes what it needs from the answer, whatever that is: guests are not trusted."""
        await self._connect()
        text = json.dumps({"execute": execute, "arguments": arguments} if arguments else {"execute": execute})
        answer = await self._answer(uuid, patience, execute, text)
        try:
            return read(json.loads(answer)["return"])
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise DriverError(f"the guest agent answered {execute} with something else: {answer[:200]!r}") from error

    async def _turn(self, uuid: str, patience: Patience) -> AsyncExitStack:
        async with AsyncExitStack() as held:
            async with patience.running():  # an earlier question without an answer is the guest's failure
                await held.enter_async_context(self._turns.alone(uuid))
            await held.enter_async_context(self._turns.slot(uuid))
            return held.pop_all()

    async def _answer(self, uuid: str, patience: Patience, execute: str, text: str) -> str:
        turn = await self._turn(uuid, patience)
        # A call that nobody waits for goes on, and keeps its turn until libvirt gives it up.
        call = asyncio.ensure_future(self._call(uuid, execute, text, max(1, math.ceil(patience.left)), turn))
        call.add_done_callback(_retrieve)
        try:
            async with patience.running():
                return await asyncio.shield(call)
        except TimeoutError:
            self._turns.heard(uuid, False)
            raise

    async def _call(self, uuid: str, execute: str, text: str, timeout: int, turn: AsyncExitStack) -> str:
        request, loop = self._connection.request, asyncio.get_running_loop()

        def ask() -> str:
            domain = request(self._connection.handle.lookupByUUIDString, uuid)
            return str(request(libvirt_qemu.qemuAgentCommand, domain, text, timeout, 0))

        began = loop.time()
        async with turn:
            try:
                answer = await self._connection.run(ask, f"ask the guest agent ({execute})")
            except DriverError:
                self._turns.heard(uuid, loop.time() - began < HANGS)
                raise
            self._turns.heard(uuid, True)
            return answer

    async def _connect(self) -> None:
        if self._starting is None:
            self._starting = asyncio.create_task(self._connection.start(), name="connection for guest agents")
        await asyncio.shield(self._starting)


async def _nothing_to_list() -> None:
    """Does nothing: this connection is only for answers."""


def _exit_code(status: Any) -> int | None:
    """Returns the exit code; None while the command runs."""
    return int(status.get("exitcode", 128 + int(status.get("signal", 0)))) if status["exited"] else None


def _addresses(interfaces: Any) -> Sequence[tuple[str, str]]:
    return [
        (str(interface["hardware-address"]), str(ip_address(address["ip-address"])))
        for interface in interfaces
        if "hardware-address" in interface
        for address in interface.get("ip-addresses", ())
    ]


def _retrieve(call: asyncio.Future[str]) -> None:
    """Reads the error of a call that is too late, so that asyncio does not report it."""
    if not call.cancelled():
        call.exception()
