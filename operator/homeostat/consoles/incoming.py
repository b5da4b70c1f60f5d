"""What a viewer sends, as one stream of bytes: a WebSocket's messages may be cut anywhere."""

from __future__ import annotations

from .sitting import Viewer


class Incoming:
    """Reads a viewer's bytes. One task reads at a time."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._unread = b""

    async def readexactly(self, count: int) -> bytes:
        """Returns so many bytes.

        Raises:
            Left: he has gone.
        """
        while len(self._unread) < count:
            self._unread += await self._viewer.receive()
        found, self._unread = self._unread[:count], self._unread[count:]
        return found

    async def read(self) -> bytes:
        """Returns some bytes.

        Raises:
            Left: he has gone.
        """
        found, self._unread = self._unread, b""
        return found or await self._viewer.receive()

    async def discard_until_answered(self) -> None:
        """Forgets what he sent before he answered the last word: a message without bytes.

        Raises:
            Left: he has gone.
        """
        self._unread = b""
        while await self._viewer.receive():
            pass
