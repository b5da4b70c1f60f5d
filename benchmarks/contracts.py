"""Requests per second for the list of machines over the listener of each contract, as a user who owns half of them, against the
list of our own API on the same server."""

from __future__ import annotations

from statistics import median

from benchmarks import fleet
from benchmarks.converge import converge
from benchmarks.listing import WARM, load
from benchmarks.measure import in_child, room, say
from benchmarks.people import USER, own_half, served, settle, signed_in
from benchmarks.result import Figure, Result
from tests.rig.waiting import free_port

DEFAULT = 1000
PAIRS, WINDOW = 3, 3.0  # seconds
LISTS = {"qemu-manager": "/api/vms", "limen": "/api/vms"}
"""By contract: the path that lists machines to whoever is signed in."""
BUDGET = ">= 1,000 requests/s over each on one worker, p99 <= 20 ms at 8 clients"


def measure(count: int) -> Result:
    ports = {name: free_port() for name in LISTS}
    options = [word for name, port in ports.items() for word in ("--contract", f"{name}=127.0.0.1:{port}")]
    with room() as place:
        fleet.write_machines(place / "vms", count)
        own_half(place / "vms", count)
        say(f"contracts: bringing up {count} machines on the test driver, so that they have statuses")
        in_child(converge, str(place), "state", count)
        settle(place / "accounts")
        rates: dict[str, list[dict[str, float]]] = {name: [] for name in LISTS}
        own: list[dict[str, float]] = []
        with served(place, place / "accounts", *options) as port:
            header = f"Authorization: Bearer {signed_in(port, USER)}\r\n"
            for number in range(PAIRS):
                own.append(in_child(load, port, header, WARM, WINDOW))
                for name, path in LISTS.items():
                    rates[name].append(in_child(load, ports[name], header, WARM, WINDOW, path))
                shown = ", ".join(f"{name} {found[-1]['rate']:.0f}/s" for name, found in rates.items())
                say(f"contracts: round {number + 1} of {PAIRS}: {shown}, our own {own[-1]['rate']:.0f}/s")
    ratios = {name: median(a["rate"] / b["rate"] for a, b in zip(found, own, strict=True)) for name, found in rates.items()}
    slowest = min(ratios, key=lambda name: ratios[name])
    more: dict[str, Figure] = {"slowest": slowest, "ratios": ratios}
    more |= {f"{name}_p99_ms": median(run["p99_ms"] for run in found) for name, found in rates.items()}
    value, baseline = median(run["rate"] for run in rates[slowest]), median(run["rate"] for run in own)
    return Result("contracts", count, value, "requests/s", BUDGET, baseline, ratios[slowest], more)
