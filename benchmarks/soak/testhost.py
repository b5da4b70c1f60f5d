"""`homeostat` with libvirt's test driver in its own program, and a socket by which the soak sees and acts upon that hypervisor.

Killing this program kills the hypervisor too: its domains are gone, as after a host's disk with libvirt's definitions was lost.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path

import libvirt

from benchmarks.soak.hypervisor import Hypervisor, answer
from homeostat.cli.main import main

URI = "test:///default"  # the one of the whole program: the operator's connection sees the same domains as ours


def serve(path: Path) -> None:
    """One order after the other, each by a connection of its own."""
    hypervisor = Hypervisor(URI)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        while True:
            link, _ = server.accept()
            with link:
                try:
                    said = {"answer": answer(hypervisor, json.loads(link.makefile().readline()))}
                except libvirt.libvirtError as error:
                    said = {"error": str(error)}
                link.sendall(json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    threading.Thread(target=serve, args=[Path(sys.argv[1])], daemon=True).start()
    main(sys.argv[2:])
