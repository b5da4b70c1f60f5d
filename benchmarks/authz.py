"""Requests per second for the list of machines as a user who owns half of them, against the list where nobody has an account."""

from __future__ import annotations

from statistics import median

from benchmarks import fleet
from benchmarks.converge import converge
from benchmarks.listing import WARM, load
from benchmarks.measure import in_child, room, say
from benchmarks.people import USER, own_half, served, settle, signed_in
from benchmarks.result import Result

DEFAULT = 1000
PAIRS, WINDOW = 3, 3.0  # seconds
BUDGET = ">= 0.8 x the rate without accounts, in the median of three pairs; p99 <= 20 ms at 8 clients"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", count)
        own_half(place / "vms", count)
        say(f"authz: bringing up {count} machines on the test driver, so that they have statuses")
        in_child(converge, str(place), "state", count)
        plain, mine = [], []
        settle(place / "accounts")
        with served(place, place / "nobody") as open_port, served(place, place / "accounts") as port:
            header = f"Authorization: Bearer {signed_in(port, USER)}\r\n"
            for number in range(PAIRS):
                plain.append(in_child(load, open_port, "", WARM, WINDOW))
                mine.append(in_child(load, port, header, WARM, WINDOW))
                his, everybodys = mine[-1]["rate"], plain[-1]["rate"]
                say(f"authz: pair {number + 1} of {PAIRS}: {his:.0f}/s, without accounts {everybodys:.0f}/s")
    ratio = median(his["rate"] / everybodys["rate"] for his, everybodys in zip(mine, plain, strict=True))
    value, baseline = median(run["rate"] for run in mine), median(run["rate"] for run in plain)
    more = {
        "p99_ms": median(run["p99_ms"] for run in mine),
        "plain_p99_ms": median(run["p99_ms"] for run in plain),
        "body_kb": mine[0]["body_kb"],
        "plain_body_kb": plain[0]["body_kb"],
    }
    return Result("authz", count, value, "requests/s", BUDGET, baseline, ratio, more)
