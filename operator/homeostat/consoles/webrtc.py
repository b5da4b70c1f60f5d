"""Whether WebRTC is spoken here: by aiortc, which is installed where it is wanted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .peer import Peer


class WebRtcMissing(Exception):
    """It is not installed, or not whole. The text says what is missing."""


async def load_peer() -> type[Peer]:
    """Returns what a viewer is that speaks it.

    Raises:
        WebRtcMissing: nothing here does.
    """
    try:
        return await asyncio.to_thread(_load)  # half a second, once
    except ImportError as error:
        raise WebRtcMissing(f"this server does not speak WebRTC ({error})") from error


def _load() -> type[Peer]:
    from .peer import Peer

    return Peer
