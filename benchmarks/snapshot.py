"""A snapshot of a running guest: seconds from its document to Ready, and how long the guest stood still, against the same done by
plain calls (QEMU's transaction; libvirt's internal snapshot with memory).

The guest answers HTTP all the time: the longest gap between two of its answers is the pause.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import libvirt
import libvirt_qemu

from benchmarks.living import at_rest, living
from benchmarks.measure import run, say, until
from benchmarks.result import Result
from benchmarks.rigs import Stage, remove_all, stage
from homeostat.assembly.standalone import Standalone
from tests.rig.guest import CMDLINE, fetch, leased_address, wait_for_http

DEFAULT = 5  # snapshots of each sort
BUDGET = "pause <= 2 x a plain call's"
NAME = "s1"
TAKEN = "SELECT count(*) FROM resources WHERE kind='Snapshot' AND json_extract(status, '$.takenAt') IS NOT NULL"
MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {{name: {name}}}
spec:
  resources: {{memory: 128Mi}}
  display: {{video: none, vnc: {{enabled: false}}}}
  boot:
    kernel: {{path: "{image.kernel}"}}
    initramfs: {{path: "{image.initramfs}"}}
    cmdline: {cmdline} homeostat.data=/dev/vda
  disks: [{{name: data, size: 256Mi}}]
  nics: [{{name: lan, network: default}}]
"""
SNAPSHOT = """apiVersion: homeostat.dev/v1alpha1
kind: Snapshot
metadata: {{name: {name}}}
spec: {{machineRef: {{name: {machine}}}, memory: {memory}, quiesce: Never}}
"""


def measure(count: int) -> Result:
    with stage() as place:
        found = run(_measure(place, count))
        remove_all_with_snapshots(place)
    ratio = found["pause_s"] / found["plain_pause_s"]
    return Result("snapshot", count, found["seconds"], "s", BUDGET, found["plain_seconds"], ratio, found)


async def _measure(place: Stage, count: int) -> dict[str, float]:
    room = place.room("snapshot")
    (room / "vms").mkdir()
    (room / "vms" / f"{NAME}.yaml").write_text(MACHINE.format(name=NAME, image=place.image, cmdline=CMDLINE))
    found: dict[str, list[float]] = {}
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        await asyncio.to_thread(wait_for_http, place.rig, NAME)
        await at_rest(parts)
        domain, address = place.connection.lookupByName(NAME), leased_address(place.rig, NAME)
        with _watched(address) as gap:
            for number in range(count):
                for memory in (False, True):
                    sort = "memory_" if memory else ""
                    ours = await _ours(parts, room / "vms", f"b{number}{'m' if memory else ''}", memory)
                    found.setdefault(f"{sort}seconds", []).append(ours)
                    found.setdefault(f"{sort}pause_s", []).append(await asyncio.to_thread(gap))
                    plain = await asyncio.to_thread(_plain, domain, f"plain{number}", memory)
                    found.setdefault(f"plain_{sort}seconds", []).append(plain)
                    found.setdefault(f"plain_{sort}pause_s", []).append(await asyncio.to_thread(gap))
                say(f"snapshot: round {number + 1} of {count}")
    return {figure: median(values) for figure, values in found.items()}


async def _ours(parts: Standalone, folder: Path, name: str, memory: bool) -> float:
    taken = lambda: int(parts.store.index.read(TAKEN)[0][0])  # noqa: E731
    before, start = taken(), time.perf_counter()
    aside = folder / f".{name}"
    aside.write_text(SNAPSHOT.format(name=name, machine=NAME, memory=str(memory).lower()))
    aside.replace(folder / f"{name}.yaml")
    await until(lambda: taken() == before + 1, f"{name} is taken", 0.002)
    return time.perf_counter() - start


def _plain(domain: Any, name: str, memory: bool) -> float:
    start = time.perf_counter()
    if memory:
        domain.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>", 0)
    else:
        blocks = _ask(domain, {"execute": "query-block"})
        steps = [
            {"type": "blockdev-snapshot-internal-sync", "data": {"device": one["inserted"]["node-name"], "name": name}}
            for one in blocks
            if one.get("inserted")
        ]
        _ask(domain, {"execute": "transaction", "arguments": {"actions": steps}})
    return time.perf_counter() - start


def _ask(domain: Any, command: dict[str, Any]) -> Any:
    return json.loads(libvirt_qemu.qemuMonitorCommand(domain, json.dumps(command), 0))["return"]


@contextmanager
def _watched(address: str) -> Iterator[Any]:
    """Yields a function that returns the longest gap between two answers of the guest since it was called last."""
    stop, longest = threading.Event(), [0.0]

    def watch() -> None:
        last = time.perf_counter()
        while not stop.is_set():
            try:
                fetch(address, "/hostname", 10)
            except OSError:
                continue
            now = time.perf_counter()
            longest[0], last = max(longest[0], now - last), now

    def gap() -> float:
        time.sleep(0.2)  # so that the answer after a pause is counted
        found, longest[0] = longest[0], 0.0
        return found

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield gap
    finally:
        stop.set()
        thread.join()


def remove_all_with_snapshots(place: Stage) -> None:
    """Removes the domains, of which libvirt knows snapshots."""
    for domain in place.connection.listAllDomains():
        for known in domain.listAllSnapshots():
            known.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    remove_all(place.connection)
