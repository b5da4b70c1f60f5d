"""Tells whether somebody listens behind a port forward of QEMU's user networking (libslirp).

QEMU accepts a connection for the guest at once, even while it boots, and asks the guest only then. What the guest did shows
afterwards: a refusal ends the connection within milliseconds, and a server may speak first. Where neither happens we close our
end, and most servers then close theirs. For the rest the kernel says whether QEMU read our end of the connection, which it does
only once the guest has accepted.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path

# Seconds in which QEMU passes on a refusal of the guest. The guest's answer takes a millisecond or two.
REFUSED_WITHIN = 0.25
POLL_SECONDS = 0.05  # seconds between checks of QEMU's side of the connection
CLOSE_WAIT = "08"  # the state of QEMU's socket once our end was closed (linux/include/net/tcp_states.h)


class Heard(Enum):
    NOTHING = "neither a word nor an end"
    WORD = "it spoke"
    END = "it hung up by itself"
    TAKEN = "it was connected when we hung up"
    END_AFTER_OURS = "it hung up once we had"


async def somebody_listens(host: str, port: int) -> bool:
    """Tells whether somebody listens. Does not return while the guest neither accepts nor refuses, as when it boots.

    Raises:
        OSError: QEMU itself does not accept.
    """
    heard = await _listen_to(host, port, hang_up=True)
    if heard is Heard.END_AFTER_OURS:  # a server closed in its turn, or the guest came up meanwhile and refused: ask again
        heard = await _listen_to(host, port, hang_up=False)
    return heard is not Heard.END


async def _listen_to(host: str, port: int, *, hang_up: bool) -> Heard:
    reader, writer = await asyncio.open_connection(host, port)
    first = asyncio.ensure_future(reader.read(1))
    try:
        if (await asyncio.wait({first}, timeout=REFUSED_WITHIN))[0]:
            return Heard.WORD if first.result() else Heard.END
        if not hang_up:
            return Heard.NOTHING
        writer.write_eof()
        while not (await asyncio.wait({first}, timeout=POLL_SECONDS))[0]:
            if _is_taken(writer.get_extra_info("socket")):
                return Heard.TAKEN
        return Heard.END_AFTER_OURS
    except ConnectionError:
        return Heard.END
    finally:
        first.cancel()
        writer.close()
        with suppress(OSError):  # the answer has arrived: how the connection ends does not matter
            await writer.wait_closed()


def _is_taken(ours: socket.socket) -> bool:
    """Tells whether the program at the other side has read our end. Returns False also where its socket cannot be seen from
    here."""
    table = Path("/proc/net/tcp6" if ours.family == socket.AF_INET6 else "/proc/net/tcp")
    try:
        wanted = [_as_listed(*ours.getpeername()[:2]), _as_listed(*ours.getsockname()[:2])]
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:  # also where the other side has just hung up
        return False
    for line in lines:
        _, local, remote, state, queues, *_ = line.split()
        if [local, remote] == wanted:
            return state == CLOSE_WAIT and int(queues.partition(":")[2], 16) == 0
    return False


def _as_listed(host: str, port: int) -> str:
    """Returns an address as /proc/net/tcp writes it: words of 32 bits, each in the host's byte order."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    words = (packed[i : i + 4] for i in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}"
