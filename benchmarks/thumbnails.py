"""What it takes to show the thumbnails of many machines, each asked for twice a second by two viewers: the API worker's part of
a core. And that nothing is read once nobody looks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.measure import DEADLINE, percentile, say
from benchmarks.result import Result
from benchmarks.screens import Screens, cpu_seconds, screens
from tests.rig.waiting import wait_until

DEFAULT = 50  # machines
BUDGET = "<= 0.5 of a core with 50 machines at 2 per second; 0 when nobody looks"
SECONDS = 20.0
EVERY = 0.5
VIEWERS = 2
THREADS = 8


def measure(count: int) -> Result:
    with screens(count) as place:
        say("thumbnails: looking")
        _round(place, {})  # all are read from now on
        before, began = cpu_seconds(place.worker), time.perf_counter()
        took: list[float] = []
        tags: list[dict[str, str]] = [{} for _ in range(VIEWERS)]
        rounds = changed = 0
        while time.perf_counter() - began < SECONDS:
            for seen in tags:
                times, fresh = _round(place, seen)
                took += times
                changed += fresh
            rounds += 1
            time.sleep(max(0.0, began + rounds * EVERY - time.perf_counter()))
        passed = time.perf_counter() - began
        value = (cpu_seconds(place.worker) - before) / passed
        say("thumbnails: nobody looks any more")
        wait_until(lambda: _viewers(place) == 0, DEADLINE, "no screen is read")
        before, began = cpu_seconds(place.worker), time.perf_counter()
        time.sleep(5)
        rest = (cpu_seconds(place.worker) - before) / (time.perf_counter() - began)
    more = {
        "requests_per_s": len(took) / passed, "p95_s": percentile(took, 95), "changed": changed / len(took),
        "rounds_per_s": rounds / passed, "core_when_nobody_looks": rest,
    }  # fmt: skip
    return Result("thumbnails", count, value, "core", BUDGET, more=more)


def _round(place: Screens, seen: dict[str, str]) -> tuple[list[float], int]:
    """Asks for all pictures once. Returns the seconds of each, and how many had changed."""

    def ask(name: str) -> tuple[float, bool]:
        began = time.perf_counter()
        headers = {"If-None-Match": seen[name]} if name in seen else {}
        answer = place.http.get(f"/api/v1/vms/{name}/screenshot", params={"size": "thumbnail"}, headers=headers)
        if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
            raise RuntimeError(f"{name}: {answer.status_code} {answer.text}")
        seen[name] = answer.headers["ETag"]
        return time.perf_counter() - began, answer.status_code == httpx.codes.OK

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(ask, place.names))
    return [took for took, _ in found], sum(fresh for _, fresh in found)


def _viewers(place: Screens) -> int:
    """Returns how many QEMU shows the first screen to."""
    return place.home.virsh("qemu-monitor-command", place.names[0], "--hmp", "info vnc").count("Client:")
