"""Whether the program behind a forwarded port has read to our end, as the kernel's table of connections says."""

from __future__ import annotations

import socket

import pytest

from homeostat.runtime.machine.probing.forward import _is_taken


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_only_who_has_read_it_all_has_taken_it(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server, socket.socket(family) as ours:
        try:
            server.bind((address, 0))
        except OSError:
            pytest.skip(f"this host has no {address}")
        server.listen(1)
        ours.connect(server.getsockname())
        theirs, _ = server.accept()
        with theirs:
            assert not _is_taken(ours), "nothing has ended"
            ours.sendall(b"GET")
            ours.shutdown(socket.SHUT_WR)
            assert not _is_taken(ours), "nobody has read it"
            while theirs.recv(16):
                pass
            assert _is_taken(ours)
    with socket.socket(family) as server, socket.socket(family) as ours:
        server.bind((address, 0))
        server.listen(1)
        ours.connect(server.getsockname())
        server.accept()[0].close()
        ours.shutdown(socket.SHUT_WR)
        assert not _is_taken(ours), "there is nobody any more"
