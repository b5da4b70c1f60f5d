"""What any server needs at the least that takes in a file over TCP: it receives and writes it, hashes it beside that, and has it
flushed. Nothing is judged, and there is no HTTP. As with the server, a process of its own receives."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

from homeostat.driver.storage.images.local import start_writing

BUFFER = 2**20  # bytes
RING = 3  # buffers: one is received into while others are hashed
EARLY = 32  # buffers after which the kernel is asked to write, so that the flush is short


def floor(file: Path) -> dict[str, float]:
    """Returns the seconds that it takes, those that its way over TCP takes alone, and those that hashing takes alone."""
    return {"floor_s": _sent(file, True), "tcp_s": _sent(file, False), "sha256_s": _hashing(file.stat().st_size)}


def _sent(file: Path, kept: bool) -> float:
    copy = file.with_name("floor")
    with socket.create_server(("127.0.0.1", 0)) as door:
        command = [sys.executable, "-m", "benchmarks.upload_floor", str(door.getsockname()[1]), *([str(copy)] if kept else [])]
        receiver = subprocess.Popen(command)
        taken, _ = door.accept()
    with taken, file.open("rb") as content:
        began = time.perf_counter()
        taken.sendfile(content)
        taken.shutdown(socket.SHUT_WR)
        if not taken.recv(1):
            raise RuntimeError("what receives for the floor ended early")
        took = time.perf_counter() - began
    receiver.wait(60)
    copy.unlink(missing_ok=True)
    return took


def _hashing(size: int) -> float:
    part, digest = os.urandom(BUFFER), hashlib.sha256()
    began = time.perf_counter()
    for _ in range(size // BUFFER):
        digest.update(part)
    return time.perf_counter() - began


def _keep(sender: socket.socket, copy: str) -> None:
    digest, buffers, hashing = hashlib.sha256(), [memoryview(bytearray(BUFFER)) for _ in range(RING)], list[Future[None]]()
    with open(copy, "wb", buffering=0) as file, ThreadPoolExecutor(1) as beside:
        for turn in count():
            if len(hashing) == RING - 1:
                hashing.pop(0).result()
            part = _filled(sender, buffers[turn % RING])
            if not part:
                break
            file.write(part)
            hashing.append(beside.submit(digest.update, part))
            if turn % EARLY == EARLY - 1:
                beside.submit(start_writing, file.fileno())
        for one in hashing:
            one.result()
        os.fsync(file.fileno())


def _filled(sender: socket.socket, buffer: memoryview) -> memoryview:
    size = 0
    while size < len(buffer) and (got := sender.recv_into(buffer[size:])):
        size += got
    return buffer[:size]


def _receive(port: int, copy: str | None) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sender:
        if copy is not None:
            _keep(sender, copy)
        else:
            buffer = memoryview(bytearray(BUFFER))
            while _filled(sender, buffer):
                pass
        sender.sendall(b"x")


if __name__ == "__main__":
    _receive(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
