"""Create and start over QEMU Manager's contract, until the screen sends RFB's banner; 20 in parallel likewise. Against a plain
libvirt loop that defines and starts the same domains, and asks each for its screen."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx
import libvirt
import websocket

from benchmarks.measure import DEADLINE, say
from benchmarks.result import Result
from benchmarks.rigs import Xml, definitions, remove_all, stage
from homeostat.driver.guests.screen import open_screen
from tests.rig.waiting import free_port, wait_until

DEFAULT = 20
ROUNDS = 5  # of one alone
BUDGET = "one alone <= 2 x the plain loop"
BANNER = b"RFB 003.008\n"


def measure(count: int) -> Result:
    with stage() as place:
        folder, state, port = place.room("vms"), place.room("state"), free_port()
        command = [sys.executable, "-m", "homeostat.cli.main", "--connect", place.rig.uri, "--state", str(state)]
        options = ["--bind", f"127.0.0.1:{free_port()}", "--contract", f"qemu-manager=127.0.0.1:{port}"]
        with (
            subprocess.Popen([*command, "up", str(folder), *options], stdout=sys.stderr, stdin=subprocess.DEVNULL) as operator,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http,
        ):
            try:
                wait_until(lambda: _answers(http), DEADLINE, "the contract is served")
                alone, plain = [], []
                for number in range(ROUNDS):
                    alone.append(_ours(http, port, f"alone-{number}"))
                    made = definitions(place.connection)
                    remove_all_by(http)
                    plain.append(_plain(place.rig.uri, place.connection, made))
                    remove_all(place.connection)
                    say(f"start: {alone[-1]:.2f} s, plain {plain[-1]:.2f} s")
                with ThreadPoolExecutor(count) as threads:
                    began = time.perf_counter()
                    list(threads.map(lambda number: _ours(http, port, f"many-{number}"), range(count)))
                    together = time.perf_counter() - began
                made = definitions(place.connection)
                remove_all_by(http)
                plain_together = _plain(place.rig.uri, place.connection, made)
                remove_all(place.connection)
            finally:
                operator.terminate()
    value, baseline = median(alone), median(plain)
    more = {"together_s": together, "plain_together_s": plain_together, "together_ratio": together / plain_together}
    return Result("start", count, value, "s", BUDGET, baseline, value / baseline, more)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/api/health").is_success
    except httpx.TransportError:
        return False


def _ours(http: httpx.Client, port: int, name: str) -> float:
    began = time.perf_counter()
    made = http.post("/api/vms", json={"name": name, "cpus": 1, "memory": 32}).raise_for_status().json()["vm"]["id"]
    http.post(f"/api/vms/{made}/start").raise_for_status()
    screen = websocket.create_connection(f"ws://127.0.0.1:{port}/api/vnc/{made}", timeout=DEADLINE)
    assert screen.recv() == BANNER
    took = time.perf_counter() - began
    screen.close()
    return took


def remove_all_by(http: httpx.Client) -> None:
    """Deletes all machines, by the contract."""
    for vm in http.get("/api/vms").json()["vms"]:
        http.delete(f"/api/vms/{vm['id']}").raise_for_status()


def _plain(uri: str, connection: libvirt.virConnect, made: Xml) -> float:
    def start(text: str) -> None:
        domain = connection.defineXML(text)
        domain.create()
        with open_screen(uri, domain.UUIDString()) as screen:
            screen.settimeout(DEADLINE)
            assert screen.recv(len(BANNER)) == BANNER

    for text in made.values():  # where the operator had made it
        for log in re.findall(r"<log file='([^']+)'", text):
            Path(log).parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    began = time.perf_counter()
    with ThreadPoolExecutor(max(len(made), 1)) as threads:
        list(threads.map(start, made.values()))
    return time.perf_counter() - began
