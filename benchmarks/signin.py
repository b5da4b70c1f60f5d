"""What others wait for while many sign in at once: hashing passwords must not hold the server up. And whether a name that nobody
has takes as long as a wrong password."""

from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from statistics import median

import httpx

from benchmarks import fleet
from benchmarks.listing import PATH
from benchmarks.measure import percentile, room, say
from benchmarks.people import PASSWORD, USER, served, settle, signed_in
from benchmarks.result import Result

DEFAULT = 20  # that sign in at once
MACHINES = 20
WINDOW = 5.0  # seconds
TRIES, FREE = 200, 40  # of which so many are made for one name: none must wait for those before
BUDGET = "p99 of other requests <= 50 ms meanwhile"
SESSION = "/api/v1/session"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", MACHINES)
        settle(place / "accounts", *(f"{USER}{number}" for number in range(TRIES // FREE)))
        # As a proxy this process says where each attempt comes from.
        with served(place, place / "accounts", "--trusted-proxy", "127.0.0.1") as port:
            token = signed_in(port, USER)
            say("signin: one client asks, nobody signs in")
            quiet = _ask(port, token)
            say(f"signin: {count} sign in again and again meanwhile")
            with _Crowd(port, count) as crowd:
                meanwhile = _ask(port, token)
                signed = crowd.done / WINDOW
            say(f"signin: {TRIES} times a name that nobody has, and a wrong password")
            unknown, wrong = _tries(port)
    p99, alone = percentile(meanwhile, 99) * 1000, percentile(quiet, 99) * 1000
    more = {
        "p50_ms": percentile(meanwhile, 50) * 1000,
        "sign_ins_per_s": signed,
        "requests": len(meanwhile),
        "unknown_name_p50_ms": median(unknown) * 1000,
        "wrong_password_p50_ms": median(wrong) * 1000,
        # Of all pairs of one of each, in how many the unknown name takes longer: about a half where nothing tells them apart.
        "unknown_takes_longer": sum(one > other for one in unknown for other in wrong) / (len(unknown) * len(wrong)),
    }
    return Result("signin", count, p99, "ms", BUDGET, alone, p99 / alone, more)


def _ask(port: int, token: str) -> list[float]:
    taken: list[float] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client:
        end = time.perf_counter() + WINDOW
        while (began := time.perf_counter()) < end:
            client.get(PATH).raise_for_status()
            taken.append(time.perf_counter() - began)
            time.sleep(0.005)
    return taken


def _tries(port: int) -> tuple[list[float], list[float]]:
    """Returns the seconds of attempts that are refused: for a name that nobody has, and for a wrong password, in turn."""
    unknown: list[float] = []
    wrong: list[float] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for number in range(TRIES):
            for kind, taken in (("nobody", unknown), (USER, wrong)):
                asked = {"name": f"{kind}{number // FREE}", "password": "wrong horse"}
                began = time.perf_counter()
                answer = client.post(SESSION, json=asked, headers={"X-Forwarded-For": f"198.18.{number}.1"})
                taken.append(time.perf_counter() - began)
                if answer.status_code != 401:
                    raise RuntimeError(f"attempt {number} as {asked['name']} was answered {answer.status_code}: {answer.text}")
    return unknown, wrong


class _Crowd:
    """Clients that sign in again and again, in a process of their own: they must not keep the one waiting that measures."""

    def __init__(self, port: int, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._done, self._stop, self._begun = context.Value("i", 0), context.Event(), context.Event()
        self._process = context.Process(target=_sign_in_all, args=(port, count, self._done, self._begun, self._stop))
        self._before = 0

    @property
    def done(self) -> int:
        return int(self._done.value) - self._before

    def __enter__(self) -> _Crowd:
        self._process.start()
        if not self._begun.wait(60):
            raise TimeoutError("nobody signed in within 60 s")
        self._before = self._done.value
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()


def _sign_in_all(port: int, count: int, done: Synchronized[int], begun: Event, stop: Event) -> None:
    def sign_in() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while not stop.is_set():
                client.post(SESSION, json={"name": USER, "password": PASSWORD}).raise_for_status()
                begun.set()
                with done.get_lock():
                    done.value += 1

    threads = [threading.Thread(target=sign_in) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
