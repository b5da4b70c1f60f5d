"""kill -9 of a QEMU until it runs again, beyond a plain define and start of the same domain in the same call.

A killed QEMU is not off at once: the kernel takes its memory back, and libvirt notices. So the same is also done without the
operator, by a loop that defines and starts the domain as soon as libvirt shows it off: ``beyond_plain_heal_s``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

import libvirt

from benchmarks import fleet
from benchmarks.living import all_reported, at_rest, living
from benchmarks.measure import percentile, run, say
from benchmarks.result import Figure, Result
from benchmarks.rigs import Stage, Xml, define_and_start, definitions, remove_all, stage
from tests.rig.guest import BOOT_TIMEOUT, leased_address
from tests.rig.waiting import wait_until

DEFAULT = 5
POLL = 0.002  # seconds
BUDGET = "<= 0.15 s beyond a plain define and start"


def measure(count: int) -> Result:
    with stage() as place:
        healed, noticed, domains = run(_heal(place, count))
        remove_all(place.connection)
        plain, plainly_healed = [], []
        for name, text in domains.items():
            plain.append(define_and_start(place.connection, text))
            _booted(place, name)
            plainly_healed.append(_kill(place, name, text)[1])
            remove_all(place.connection)
    again, alone, gone, by_loop = (percentile(values, 50) for values in (healed, plain, noticed, plainly_healed))
    more: dict[str, Figure] = {
        "kill_to_running_s": again,
        "slowest_s": max(healed),
        "kill_to_seen_off_s": gone,
        "plain_heal_s": by_loop,
        "beyond_plain_heal_s": again - by_loop,
    }
    return Result("heal", count, again - alone, "s", BUDGET, alone, again / alone, more)


async def _heal(place: Stage, count: int) -> tuple[list[float], list[float], Xml]:
    """Each machine is killed once, as its next restarts would be put off."""
    room = place.room("heal")
    names = [f"h{index}" for index in range(count)]
    fleet.write_guests(room / "vms", names, place.image.kernel, place.image.initramfs)
    healed, noticed = [], []
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        await all_reported(parts, count)
        domains = definitions(place.connection)
        for name in names:
            await asyncio.to_thread(_booted, place, name)
            await at_rest(parts)
            off, on = await asyncio.to_thread(_kill, place, name)
            healed.append(on)
            noticed.append(off)
            say(f"heal: {name}: seen off after {off:.3f} s, running after {on:.3f} s")
    return healed, noticed, domains


def _booted(place: Stage, name: str) -> None:
    """A guest that still boots would keep the machine busy."""
    wait_until(lambda: leased_address(place.rig, name), BOOT_TIMEOUT, f"{name} has booted")


def _kill(place: Stage, name: str, text: str = "") -> tuple[float, float]:
    """Seconds until libvirt no longer shows the old run, and until it shows a new one as running; which we start ourselves
    where its definition is given."""
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
            if text:
                define_and_start(place.connection, text)
        if now.ID() not in (old, -1) and now.state()[0] == libvirt.VIR_DOMAIN_RUNNING:
            return off, time.perf_counter() - start
        time.sleep(POLL)
    raise TimeoutError(f"{name} does not run again within 60 s of the kill")
