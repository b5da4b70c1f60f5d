"""Answers by gzip, for clients that take it."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import falcon.asgi

LEVEL = 6
WINDOW, MEMORY = 16 + 13, 7  # gzip with a window of 8 KB, some 100 KB for each stream: a resource resembles the one before it


def takes_gzip(req: falcon.asgi.Request) -> bool:
    """Tells whether the client takes gzip: named, or by *, and not with q=0."""
    named = {}
    for part in (req.get_header("Accept-Encoding") or "").lower().split(","):
        name, _, parameter = part.partition(";")
        named[name.strip()] = parameter.replace(" ", "").rstrip("0.") != "q="
    return named.get("gzip", named.get("*", False))


async def compressed(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yields what parts come to, each as soon as it comes."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    async with aclosing(parts):
        async for part in parts:
            yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
