"""qemu-img does not outlive a killed operator while it copies: it would lock the source, and fill a file that nobody has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.rig.waiting import wait_until

MAKERS = {
    "a Disk": "import asyncio; from homeostat.driver.storage.formats import qemu_img;"
    "asyncio.run(qemu_img.run({arguments}, doing='copy', timeout=None))",
    "an export": "from homeostat.driver.snapshots import export; from pathlib import Path;"
    "export._qemu_img = lambda: {program!r}; export._convert({path!r}, 'raw', Path({path!r}), lambda share: None, '')",
}
ENDLESS = ("bench", "-c", "2000000000", "-f", "raw")  # qemu-img reads the file again and again


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_qemu_img(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "qemu-img"
    return False


@contextmanager
def copying(maker: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with subprocess.Popen([sys.executable, "-c", maker]) as started:
        found = list[int]()
        try:
            wait_until(lambda: any(is_qemu_img(child) for child in children(started.pid)), 60.0, "qemu-img runs")
            found = children(started.pid)
            yield started, found[0]
        finally:
            started.kill()
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("what", MAKERS)
def test_it_is_killed(tmp_path: Path, what: str) -> None:
    path, program = tmp_path / "disk.raw", tmp_path / "endless"
    path.write_bytes(bytes(2**20))
    program.write_text(f"#!/bin/sh\nexec qemu-img {' '.join(ENDLESS)} {path}\n")
    program.chmod(0o755)
    arguments = ", ".join(map(repr, (*ENDLESS, str(path))))
    with copying(MAKERS[what].format(arguments=arguments, path=str(path), program=str(program))) as (maker, copy):
        maker.kill()
        wait_until(lambda: not runs(copy), 20.0, "qemu-img has ended")
