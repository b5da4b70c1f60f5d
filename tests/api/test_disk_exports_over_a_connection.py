"""Copies of disks as downloads over real connections: a few at once, one that is cut, and in how much memory."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx

from tests.api.disk_copies import DISKS, MIB, kept, made
from tests.api.harness import Api, refused, serving
from tests.rig.waiting import wait_until


def cut_off(api: Api, url: str) -> socket.socket:
    """A client that has asked and read the head of the answer, and then reads nothing."""
    client = socket.create_connection(("127.0.0.1", api.port), 60)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n\r\n".encode())
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


def test_only_so_many_at_once_and_a_cut_one_gives_way(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, "--max-exports", "1") as api:
        (api.state / "libvirt").write_text("test:///default\n")
        made(api, name, 64 * MIB)
        url = f"{DISKS}/{name}/export"
        with cut_off(api, url):
            answer = api.http.get(url)
            refused(answer, 429, "exports_at_limit")
            assert int(answer.headers["Retry-After"]) > 0
            assert kept(api) == [], "its file has no name"
        wait_until(lambda: api.http.get(url).status_code == 200, 60, "the next one is served")


def resident(pid: int) -> int:
    """The most memory that a process had at once, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_memory_stays_flat(own_api: Api, name: str) -> None:
    (own_api.state / "libvirt").write_text("test:///default\n")
    made(own_api, name, 4 * MIB)
    own_api.http.get(f"{DISKS}/{name}/export")
    children = Path(f"/proc/{own_api.process.pid}/task/{own_api.process.pid}/children").read_text().split()
    pids = [int(pid) for pid in children] or [own_api.process.pid]
    before = sum(map(resident, pids))
    made(own_api, f"{name}-large", 256 * MIB)
    got = 0
    with httpx.stream("GET", f"http://127.0.0.1:{own_api.port}{DISKS}/{name}-large/export", timeout=60) as answer:
        for part in answer.iter_bytes():
            got += len(part)
    assert got > 256 * MIB
    assert sum(map(resident, pids)) - before < 32 * MIB
