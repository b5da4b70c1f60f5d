"""From kill -9 of a QEMU until it runs again, against a plain loop that waits for its end and starts it.

A killed QEMU is not off at once: the kernel must free its memory, and libvirt must notice. Both wait for that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace

import libvirt

from benchmarks import fleet
from benchmarks.living import all_reported, at_rest, living
from benchmarks.measure import run
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from benchmarks.rigs import Stage, Xml, define_and_start, definitions, remove_all, stage
from tests.rig.guest import BOOT_TIMEOUT, leased_address
from tests.rig.waiting import wait_until

DEFAULT = 5  # machines, each killed once under the operator, and once under the loop
POLL = 0.002  # seconds
BUDGET = "ratio <= 1.10"


def measure(count: int) -> Result:
    made: Xml = {}
    with stage() as place:
        result = in_turn(
            "heal", count, BUDGET, lambda number: run(_heal(place, number, made)), lambda number: _plain(place, made), count
        )
    assert result.baseline is not None
    again = {
        "kill_to_running_s": result.value,
        "slowest_s": result.more["operator_slowest_s"],
        "beyond_plain_heal_s": result.value - result.baseline,
    }
    return replace(result, more={**result.more, **again})


async def _heal(place: Stage, number: int, made: Xml) -> Figures:
    """Measures with an operator that has this machine only: it would delay a second restart."""
    room, name = place.room(f"heal-{number}"), f"h{number}"
    fleet.write_guests(room / "vms", [name], place.image.kernel, place.image.initramfs)
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        await all_reported(parts, 1)
        made.clear()
        made.update(definitions(place.connection))
        await asyncio.to_thread(_booted, place, name)
        await at_rest(parts)
        off, on = await asyncio.to_thread(_kill, place, name)
    remove_all(place.connection)
    return {"seconds": on, "kill_to_seen_off_s": off}


def _plain(place: Stage, made: Xml) -> Figures:
    ((name, text),) = made.items()
    started = define_and_start(place.connection, text)
    _booted(place, name)
    seconds = _kill(place, name, start_again=True)[1]
    remove_all(place.connection)
    return {"seconds": seconds, "plain_heal_s": seconds, "plain_define_and_start_s": started}


def _booted(place: Stage, name: str) -> None:
    """Waits for the boot: a guest that still boots would keep the machine busy."""
    wait_until(lambda: leased_address(place.rig, name), BOOT_TIMEOUT, f"{name} has booted")


def _kill(place: Stage, name: str, start_again: bool = False) -> tuple[float, float]:
    """Returns the seconds until libvirt no longer shows the old run, and until it shows a new one as running."""
    domain = place.connection.lookupByName(name)
    old = domain.ID()
    pid = int((place.rig.directory / "run" / "qemu" / f"{name}.pid").read_text())
    start = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    off = 0.0
    while time.perf_counter() - start < 60:
        now = place.connection.lookupByName(name)
        if now.ID() != old and not off:
            off = time.perf_counter() - start
            if start_again:
                now.create()
        if now.ID() not in (old, -1) and now.state()[0] == libvirt.VIR_DOMAIN_RUNNING:
            return off, time.perf_counter() - start
        time.sleep(POLL)
    raise TimeoutError(f"{name} does not run again within 60 s of the kill")
