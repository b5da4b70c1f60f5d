"""Clocks, /proc, percentiles, and waiting for conditions with a deadline."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DEADLINE = 150.0  # seconds; a benchmark that takes longer has failed


def say(text: str) -> None:
    """Prints progress, for people."""
    print(text, file=sys.stderr, flush=True)


def rss_mb(pid: int | str = "self") -> float:
    """Returns the resident memory of a process, in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb(pid: int | str = "self") -> float:
    """Returns the most that ever was resident, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def file_system(path: Path) -> str:
    """Returns the kind of the file system of ``path``, such as tmpfs."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    over = [(len(point), kind) for point, kind in mounts if path.is_relative_to(point)]
    return max(over)[1] if over else "unknown"


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the smallest value that at least so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


async def until(condition: Callable[[], object], what: str, interval: float = 0.005, timeout: float = DEADLINE) -> None:
    """Waits for the condition. Raises TimeoutError."""
    deadline = time.perf_counter() + timeout
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        await asyncio.sleep(interval)


async def pass_seconds(seconds: float) -> None:
    """Waits for the time that is measured."""
    await asyncio.sleep(seconds)


def in_child(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Calls a module's function in a new interpreter, so that memory and CPU time are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()


def run(job: Awaitable[T]) -> T:
    async def main() -> T:
        return await job

    return asyncio.run(main())


@contextmanager
def room() -> Iterator[Path]:
    """Yields a folder for one measurement: where TMPDIR says, else in memory where possible. On ext4 making a file costs up to a
    millisecond for minutes after thousands were deleted, as the benchmark before did."""
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(prefix="hs-bench-", dir=memory) as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)
