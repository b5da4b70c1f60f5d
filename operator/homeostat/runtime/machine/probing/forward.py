"""Whether somebody listens behind a port forward of QEMU's user networking (libslirp).

QEMU accepts for the guest at once, also while it boots, and only then asks the guest. What the guest makes of that shows in what
comes back: a refusal ends the connection within milliseconds; a server may speak first. From one that does neither we hang up,
and most then hang up in their turn. For the rest, the kernel tells whether QEMU took our end off its socket, which it reads only
once the guest has accepted.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path

# Seconds in which QEMU passes on that the guest refused a connection; a guest's answer takes a millisecond or two.
REFUSED_WITHIN = 0.25
POLL_SECONDS = 0.05  # seconds between looks at QEMU's side of the connection
CLOSE_WAIT = "08"  # its state once our end has come there (linux/include/net/tcp_states.h)


class Heard(Enum):
    NOTHING = "neither a word nor an end"
    WORD = "it spoke"
    END = "it hung up by itself"
    TAKEN = "it was connected when we hung up"
    END_AFTER_OURS = "it hung up once we had"


async def somebody_listens(host: str, port: int) -> bool:
    """Does not return while the guest neither accepts nor refuses, as one that boots.

    Raises:
        OSError: QEMU itself does not accept.
    """
    heard = await _listen_to(host, port, hang_up=True)
    if heard is Heard.END_AFTER_OURS:  # or the guest had come up meanwhile, and that was its refusal
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
        with suppress(OSError):  # it was heard; how it hangs up does not matter
            await writer.wait_closed()


def _is_taken(ours: socket.socket) -> bool:
    """Whether the other side's program has read our end. False also where its socket is not to be seen from here."""
    table = Path("/proc/net/tcp6" if ours.family == socket.AF_INET6 else "/proc/net/tcp")
    wanted = [_as_listed(*ours.getpeername()[:2]), _as_listed(*ours.getsockname()[:2])]
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    for line in lines:
        _, local, remote, state, queues, *_ = line.split()
        if [local, remote] == wanted:
            return state == CLOSE_WAIT and int(queues.partition(":")[2], 16) == 0
    return False


def _as_listed(host: str, port: int) -> str:
    """An address as /proc/net/tcp writes it: words of 32 bits, each in the host's byte order."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    words = (packed[i : i + 4] for i in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}"
