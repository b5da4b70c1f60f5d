"""What a client may hold, and for how long. Seconds and bytes."""

from __future__ import annotations

import resource

from ..http.requests.direct import BODY_PART as BODY_PART  # noqa: PLC0414 - a limit like those below
from ..http.requests.direct import BODY_SECONDS as BODY_SECONDS  # noqa: PLC0414

HEAD_SECONDS = 10.0  # from the first byte of a request to the end of its headers; a browser sends them at once
READ_SECONDS = 120.0  # in which a client must take some of an answer that fills the socket's buffers
ENDED_SECONDS = 30.0  # for the answer to a client that sends no more: it may be gone, which looks the same
LINGER_SECONDS = 2.0  # for reading on after an error, so that the client gets to see it
HEAD_LIMIT = 2**16  # all headers together
MESSAGE_MAX = 2**19  # of a WebSocket: what is pasted into a console at once, and more
DISCARD_LIMIT = 8 * 2**20  # of what is read on after an error

RESERVED = 128  # descriptors for everything else: the index, threads, the operator's socket


def connections(wanted: int) -> int:
    """Returns how many of ``wanted`` connections this process has descriptors for. It raises its soft limit to the hard one
    first: asyncio does not recover well from having none left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    return max(min(wanted, hard - RESERVED), 16)
