"""A connection to a server on loopback that can be cut. As in a broken network, neither end notices."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class Cable:
    """A context manager: connections to ``port`` go to ``target`` until the cable is cut, and again once it is mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = True
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def cut(self) -> None:
        """Ends the open connections, and lets nothing through any more."""
        with self._guard:
            self._whole = False
            for end in self._open:
                _shut(end)

    def mend(self) -> None:
        with self._guard:
            self._whole = True

    def __enter__(self) -> Cable:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        _shut(self._server)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            with self._guard:
                self._open |= {near, far}
                if not self._whole:
                    _shut(near)
                    _shut(far)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, giver: socket.socket, taker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while text := giver.recv(65536):
                taker.sendall(text)
        with self._guard:
            for end in (giver, taker):
                _shut(end)
                self._open.discard(end)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
