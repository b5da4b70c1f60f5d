"""An image uploaded over HTTP, against `cp` of the same file on the same disk, in turn; and how much memory the server takes.

The server hashes, judges and flushes what it gets. `cp` does none of that; figures with a flush after it are given, too, and
``floor_s``: what any server would need for it, see benchmarks/upload_floor.py.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import DEADLINE, peak_mb, rss_mb, say
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from benchmarks.upload_floor import floor
from tests.rig.waiting import free_port, wait_until

DEFAULT = 2048  # MB (2^20 bytes) of the file
BUDGET = "MB/s >= 0.7 x cp of the same file (ratio of seconds <= 1.43); rss_growth_mb <= 16"
NAME = "bench"


def measure(count: int) -> Result:
    with TemporaryDirectory(prefix="hs-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        place = Path(folder)
        say(f"upload: writing a file of {count} MB")
        file = _image(place / "disk.raw", count)
        with _server(place) as (port, pid):
            grown: list[float] = []
            found = in_turn(
                "upload", count, BUDGET, lambda number: _upload(port, pid, file, number, grown), lambda _: _plain(file)
            )
        size = file.stat().st_size / 1e6
    flushed, least = found.more["cp_and_flush_s"], found.more["floor_s"]
    assert found.baseline is not None and isinstance(flushed, float) and isinstance(least, float)
    more = {
        **found.more,
        "mb_per_s": size / found.value,
        "cp_mb_per_s": size / found.baseline,
        "speed_of_cp": found.baseline / found.value,
        "speed_of_cp_and_flush": flushed / found.value,
        "floor_of_cp": found.baseline / least,
        "of_floor": found.value / least,
        "rss_growth_mb": max(grown),
    }
    return replace(found, more=more)


def _image(path: Path, size: int) -> Path:
    """Writes a raw disk of contents that nothing shares or compresses, with a boot sector."""
    with open(path, "wb") as file:
        for number in range(size):
            block = bytearray(os.urandom(2**16) * 16)
            if not number:
                block[446:510] = bytes(64)
                block[510:512] = b"\x55\xaa"
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return path


@contextmanager
def _server(place: Path) -> Iterator[tuple[int, int]]:
    """Yields the port and the pid of the process that serves."""
    port = free_port()
    (place / "vms").mkdir()
    command = [sys.executable, "-m", "homeostat_api", "--dir", str(place / "vms"), "--state", str(place / "state")]
    with (place / "api.log").open("wb") as log:
        process = subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(port), DEADLINE, "the API answers")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, int(children[0]) if children else process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(port: int) -> bool:
    with _connected(port) as client:
        client.request("GET", "/healthz")
        return client.getresponse().status == 200


@contextmanager
def _connected(port: int) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        yield client
    finally:
        client.close()


def _upload(port: int, pid: int, file: Path, number: int, grown: list[float]) -> Figures:
    before = rss_mb(pid)
    with _connected(port) as client, file.open("rb") as content:
        began = time.perf_counter()
        client.putrequest("PUT", f"/api/v1/images/{NAME}-{number}/file")
        client.putheader("Content-Length", str(file.stat().st_size))
        client.endheaders()
        client.sock.sendfile(content)
        answer = client.getresponse()
        said = answer.read()
        took = time.perf_counter() - began
    if answer.status != 201:
        raise RuntimeError(f"the server answered {answer.status}: {said.decode(errors='replace')}")
    grown.append(max(0.0, peak_mb(pid) - before))
    for kept in (file.parent / "state" / "images").glob("*.img"):
        kept.unlink()  # the next one is no copy of what is there
    return {"seconds": took}


def _plain(file: Path) -> Figures:
    return {**_copy(file), **floor(file)}


def _copy(file: Path) -> Figures:
    copy = file.with_name("copy")
    began = time.perf_counter()
    subprocess.run(["cp", file, copy], check=True)
    took = time.perf_counter() - began
    subprocess.run(["sync", copy], check=True)
    flushed = time.perf_counter() - began
    copy.unlink()
    return {"seconds": took, "cp_and_flush_s": flushed}
