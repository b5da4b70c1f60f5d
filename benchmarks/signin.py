"""What others wait for while many sign in at once: hashing passwords must not hold the server up."""

from __future__ import annotations

import threading
import time

import httpx

from benchmarks import fleet
from benchmarks.listing import PATH
from benchmarks.measure import percentile, room, say
from benchmarks.people import PASSWORD, USER, served, settle, signed_in
from benchmarks.result import Result

DEFAULT = 20  # that sign in at once
MACHINES = 20
WINDOW = 5.0  # seconds
BUDGET = "p99 of other requests <= 50 ms meanwhile"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", MACHINES)
        settle(place / "accounts")
        with served(place, place / "accounts") as port:
            token = signed_in(port, USER)
            say("signin: one client asks, nobody signs in")
            quiet = _ask(port, token)
            say(f"signin: {count} sign in again and again meanwhile")
            done, stop = [0] * count, threading.Event()
            busy = [threading.Thread(target=_sign_in, args=(port, number, done, stop)) for number in range(count)]
            for thread in busy:
                thread.start()
            began = time.perf_counter()
            meanwhile = _ask(port, token)
            signed = sum(done) / (time.perf_counter() - began)
            stop.set()
            for thread in busy:
                thread.join()
    p99, alone = percentile(meanwhile, 99) * 1000, percentile(quiet, 99) * 1000
    more = {"p50_ms": percentile(meanwhile, 50) * 1000, "sign_ins_per_s": signed, "requests": len(meanwhile)}
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


def _sign_in(port: int, number: int, done: list[int], stop: threading.Event) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while not stop.is_set():
            answer = client.post("/api/v1/session", json={"name": USER, "password": PASSWORD})
            if answer.status_code == 201:
                done[number] += 1
            elif answer.status_code == 429:
                stop.wait(1)
