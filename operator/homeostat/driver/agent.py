"""The QEMU guest agent: is it there, and commands in the guest.

Protocol: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import libvirt_qemu

from .connection import Connection
from .errors import DriverError

TIMEOUT = 5  # seconds libvirt waits for one answer
POLL = 0.1  # seconds between looks whether a command has ended


class Agent:
    """Asks the agents of one host's guests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ping(self, uuid: str) -> None:
        """Raises:
        DriverError: no answer.
        """
        await self._ask(uuid, "guest-ping", {})

    async def run(self, uuid: str, command: Sequence[str]) -> int:
        """The exit code of a command, run without a shell.

        Raises:
            DriverError: the agent does not answer, or cannot run it.
        """
        program, *arguments = command
        started = await self._ask(uuid, "guest-exec", {"path": program, "arg": list(arguments), "capture-output": False})
        while True:
            status = await self._ask(uuid, "guest-exec-status", {"pid": started["pid"]})
            if status.get("exited"):
                return int(status.get("exitcode", 128 + int(status.get("signal", 0))))
            await asyncio.sleep(POLL)

    async def _ask(self, uuid: str, execute: str, arguments: dict[str, Any]) -> Any:
        handle, request = self._connection.handle, self._connection.request
        text = json.dumps({"execute": execute, "arguments": arguments} if arguments else {"execute": execute})

        def ask() -> str:
            domain = request(handle.lookupByUUIDString, uuid)
            return str(request(libvirt_qemu.qemuAgentCommand, domain, text, TIMEOUT, 0))

        answer = await self._connection.run(ask, f"ask the guest agent ({execute})")
        try:
            return json.loads(answer)["return"]
        except (ValueError, KeyError) as error:
            raise DriverError(f"the guest agent answered {execute} with something else: {answer[:200]!r}") from error
