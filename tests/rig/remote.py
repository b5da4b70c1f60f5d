"""A libvirt of this machine that looks as if it were on another one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def over_the_network(path: Path) -> Iterator[int]:
    """A port of loopback that leads to a socket of this machine, so that libvirt is taken for a host that is elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):  # the server is closed
                while True:
                    near, far = server.accept()[0], socket.socket(socket.AF_UNIX)
                    far.connect(str(path))
                    for one, other in ((near, far), (far, near)):
                        threading.Thread(target=_copy, args=(one, other), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := one.recv(65536):
            other.sendall(content)
        other.shutdown(socket.SHUT_WR)
