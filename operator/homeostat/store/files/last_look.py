"""When the operator of a state folder last looked. Readers use it: what they show is no newer than that look.

While nothing changes, nothing is written that shows a look. So the operator touches a file now and then, and once more when it
ends. An operator that was killed left its last mark at most EVERY before its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeostat.models.base import Key
from homeostat.models.kinds import BY_KIND

from .state import StateFolder

EVERY = 30.0
"""Seconds between two marks."""
HUNG = 2.5 * EVERY
"""Seconds without a mark after which an operator counts as hung: it has missed two, and had time to be late."""
TIMEOUT = 1.0
"""Seconds to wait for the operator's answer, which it has in memory."""
ANSWER_MAX = 1 << 22


@dataclass(frozen=True, slots=True)
class OperatorState:
    """The state of an operator. ``failing``: what fails in a running one, in words."""

    runs: bool
    failing: Sequence[str] = ()
    last_look: datetime | None = None


def mark(root: Path) -> None:
    """Touches the file.

    Raises:
        OSError: it cannot be written.
    """
    handle = os.open(StateFolder(root).look_mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.utime(handle)
    finally:
        os.close(handle)


async def keep_marking(root: Path) -> None:
    try:
        while True:
            mark(root)
            await asyncio.sleep(EVERY)
    finally:
        mark(root)


def last_look(root: Path) -> datetime | None:
    """Returns when the operator last looked. None: never, or its version left no mark."""
    try:
        return datetime.fromtimestamp(StateFolder(root).look_mark.stat().st_mtime, UTC)
    except OSError:
        return None


def operator_listens(root: Path) -> bool:
    """Tells whether an operator listens. Fast enough for every request, because nobody has to answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(StateFolder(root).operator_socket))
        except BlockingIOError:  # it listens, but is busy
            return True
        except OSError:
            return False
    return True


def listening_room(root: Path) -> Path:
    """Returns the room of an operator that listens: the state folder, or a room in it where several operators of a cluster share
    it, of which the first may have ended. The state folder, where none listens."""
    rooms = [root, *sorted(StateFolder(root).standby_rooms.glob("*"))]
    return next((room for room in rooms if operator_listens(room)), root)


def operator_looks(root: Path) -> bool:
    """Tells whether an operator listens and marks its looks: one that hangs, or was stopped by a signal, listens all the same.
    Fast enough for every request."""
    if not operator_listens(root):
        return False
    last = last_look(root)
    return last is None or (datetime.now(UTC) - last).total_seconds() < HUNG


def ask_operator(root: Path) -> OperatorState:
    """Asks the running operator for its state. Blocks for at most TIMEOUT."""
    if not operator_listens(root):
        return OperatorState(runs=False, last_look=last_look(root))
    try:
        failing = _health(StateFolder(root).operator_socket).get("failing", [])
        return OperatorState(True, [f"{f['task']} fails since {f['since']}: {f['error']}" for f in failing], last_look(root))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return OperatorState(True, ["it does not answer, or not as this version's does"], last_look(root))


def looked_at(root: Path) -> Callable[[Key], bool]:
    """Returns a function that tells whether a resource's status was written by the operator that runs now. Where none runs, or it
    cannot answer, every status counts, as of the last look. Blocks for at most TIMEOUT."""
    try:
        seen = frozenset(map(str, _ask(StateFolder(root).operator_socket, "/looked-at")))
    except (OSError, ValueError, TypeError):
        return lambda key: True
    return lambda key: key.kind not in BY_KIND or str(key) in seen


def _health(path: Path) -> Any:
    return _ask(path, "/healthz")


def _ask(path: Path, what: str) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(TIMEOUT)
        asking.connect(str(path))
        asking.sendall(f"GET {what} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while (part := asking.recv(65536)) and len(answer) < ANSWER_MAX:
            answer += part
    return json.loads(answer.partition(b"\r\n\r\n")[2])
