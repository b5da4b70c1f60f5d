"""The page over many machines, in Chromium: from opening it to its first rows, what it takes to get there, how long it ever does
not answer, and how long after a change at the API the page shows it. `homeostat up` runs beside, on the test driver."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks import fleet
from benchmarks.measure import DEADLINE, percentile, room, say
from benchmarks.result import Figure, Result
from benchmarks.startup import PROGRAM
from tests.rig.browser import Page, browse
from tests.rig.waiting import free_port, wait_until

DEFAULT = 1000
BUDGET = "<= 1.0 s to the first rows; <= 300 KB by gzip without the machines; no task > 100 ms; a change seen within 0.5 s (p95)"
OPENINGS = 5
CHANGING = 50  # machines, within a second
CHANGES = 40
SCROLLED = 300  # pixels in each frame
SCRIPT = Path(__file__).with_name("page.js").read_text()
SIZES = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", count)
        with _up(place, count) as http, browse(f"{http.base_url}/healthz", place / "profile") as page:
            page.before_load(SCRIPT)
            page.resize(1280, 800)
            say(f"page: {OPENINGS} openings, the first with nothing kept")
            first = _open(page, http)
            opened = [first, *(_open(page, http) for _ in range(OPENINGS - 1))]
            received = _bytes(http, page)
            say("page: scrolling")
            scrolling = _longest(page, lambda: page.awaited(f"scrollThrough({SCROLLED})"))
            page.shows(fleet.names(count)[-1])
            page.run("document.querySelector('.windowed').scrollTop = 0")
            say(f"page: {CHANGING} machines change within a second")
            changing = _longest(page, lambda: _change_many(place / "vms", http))
            say(f"page: {CHANGES} changes, one after another")
            answered, taken = zip(*(_change_seen(page, http, number) for number in range(CHANGES)), strict=True)
    more: dict[str, Figure] = {
        "first_s": first["rows"], "after_load_s": median(each["rows"] - each["load"] for each in opened), **received,
        "longest_ms_loading": max(each["longest"] for each in opened), "longest_ms_scrolling": scrolling,
        "longest_ms_changing": changing, "seen_p50_s": median(taken), "seen_p95_s": percentile(taken, 95),
        "answered_p50_s": median(answered), "answered_p95_s": percentile(answered, 95),
    }  # fmt: skip
    return Result("page", count, median(each["rows"] for each in opened), "s", BUDGET, more=more)


@contextmanager
def _up(place: Path, count: int) -> Iterator[httpx.Client]:
    """Runs `homeostat up`, and yields a client of its API, once all machines run."""
    port = free_port()
    command = [PROGRAM, "--state", str(place / "state"), "--connect", fleet.node(place), "up", str(place / "vms")]
    say(f"page: bringing up {count} machines on the test driver")
    with subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=sys.stderr) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http:
                wait_until(lambda: _running(http) == count, DEADLINE, "all machines run")
                yield http
        finally:
            process.terminate()


def _running(http: httpx.Client) -> int:
    return len(http.get("/api/v1/vms", params={"status": "running"}).json())


def _open(page: Page, http: httpx.Client) -> dict[str, float]:
    """Opens the page, and returns what was noted meanwhile, in seconds from its navigation; the longest task in milliseconds."""
    page.go(f"{http.base_url}/")
    wait_until(lambda: page.run("measured.rows") is not None, DEADLINE, "the first rows are seen")
    wait_until(lambda: page.run("document.readyState") == "complete", DEADLINE, "the page is loaded")
    time.sleep(1)  # what it does after its first rows belongs to it
    loaded = page.run("performance.getEntriesByType('navigation')[0].loadEventEnd")
    return {"rows": page.run("measured.rows") / 1000, "load": loaded / 1000, "longest": _longest_so_far(page)}


def _longest_so_far(page: Page) -> float:
    """Returns the milliseconds of the longest task since the last call. 0: none took more than 50."""
    return float(page.run("Math.max(0, ...measured.tasks.splice(0).map(([, taken]) => taken))"))


def _longest(page: Page, act: Callable[[], object]) -> float:
    _longest_so_far(page)
    act()
    time.sleep(1)
    return _longest_so_far(page)


def _bytes(http: httpx.Client, page: Page) -> dict[str, Figure]:
    """Returns the KB that the page consists of, and those of the machines in its stream, sent by gzip."""
    paths = [str(path) for path in page.awaited(f"{SIZES}.map((one) => new URL(one.name).pathname + new URL(one.name).search)")]
    sizes = {path: _sent(http, path) for path in paths if "/watch" not in path}
    watched = _watched(http)
    return {"page_kb": sum(sizes.values()) / 1000, "machines_kb": watched / 1000, "requests": len(sizes) + 1}


def _sent(http: httpx.Client, path: str) -> int:
    """Returns the bytes that a browser gets for a path, without what it has kept."""
    with http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        return sum(map(len, answer.iter_raw()))


def _watched(http: httpx.Client) -> int:
    """Returns the bytes of the stream until all that is there has come."""
    unpacked, received, reader = b"", 0, zlib.decompressobj(wbits=31)
    with http.stream("GET", "/api/v1/watch", headers={"Accept-Encoding": "gzip"}) as answer:
        for part in answer.iter_raw():
            received += len(part)
            unpacked = unpacked[-100:] + reader.decompress(part)
            if b'"type":"BOOKMARK"' in unpacked:
                return received
    raise RuntimeError("the stream ended")


def _change(http: httpx.Client, name: str, memory: str) -> None:
    body = {"spec": {"resources": {"memory": memory}}}
    http.patch(f"/api/v1/resources/virtualmachines/{name}", json=body).raise_for_status()


def _change_many(folder: Path, http: httpx.Client) -> None:
    """Changes machines in their files, as a script does: one after another, within a second."""
    began = time.perf_counter()
    for number, name in enumerate(fleet.names(CHANGING)):
        time.sleep(max(0.0, began + number / CHANGING - time.perf_counter()))
        fleet.path_of(folder, number).write_text(fleet.document(number, name, memory=f"{600 + number}Mi"))
    wait_until(lambda: _memory(http, name) == f"{599 + CHANGING}Mi", DEADLINE, "the last change is read")


def _memory(http: httpx.Client, name: str) -> Any:
    return http.get(f"/api/v1/resources/virtualmachines/{name}").json()["spec"]["resources"]["memory"]


def _change_seen(page: Page, http: httpx.Client, number: int) -> tuple[float, float]:
    """Returns the seconds from a change's request until it is answered, and until a row shows it."""
    name, memory = fleet.names(10)[number % 10], f"{700 + number}Mi"
    page.run(f"expectRow({name!r}, {memory!r})")
    began = time.time()
    _change(http, name, memory)
    answered = time.time() - began
    wait_until(lambda: page.run("measured.seen") is not None, DEADLINE, f"the page shows {memory} of {name}")
    return answered, float(page.run("measured.seen")) / 1000 - began
