"""A disk and a nic put into a running guest and taken out again, by edits of its spec, against plain calls of libvirt on a guest
like it: `qemu-img create`, attachDeviceFlags, detachDeviceFlags.

Each counts until the domain has the device, or until the guest has let go of it.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt

from benchmarks.living import at_rest, living
from benchmarks.measure import DEADLINE, run
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from benchmarks.rigs import Stage, remove_all, stage
from homeostat.assembly.standalone import Standalone
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from tests.rig.guest import CMDLINE, wait_for_http

DEFAULT = 4  # rounds of each pair
BUDGET = "<= 2 x plain calls"
NAME, PLAIN = "grows", "plain"
FLAGS = libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG
MAC, PLAIN_MAC = "52:54:00:77:00:01", "52:54:00:77:00:02"
LOOK = 0.005  # seconds between looks at the domain, of either
ROOT, LATE = {"name": "data", "size": "64Mi"}, {"name": "late", "size": "16Mi"}
LAN, SECOND = {"name": "lan", "network": "default"}, {"name": "second", "network": "default", "mac": MAC}
MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {{name: {name}}}
spec:
  resources: {{memory: 128Mi}}
  display: {{video: none, vnc: {{enabled: false}}}}
  boot:
    kernel: {{path: "{image.kernel}"}}
    initramfs: {{path: "{image.initramfs}"}}
    cmdline: {cmdline}
  disks: [{{name: data, size: 64Mi}}]
  nics: [{{name: lan, network: default}}]
"""
Step = tuple[str, Callable[[], object], Callable[[str], bool]]
"""A name, what is done, and what the definition of the running domain says once that is so."""


def measure(count: int) -> Result:
    with stage() as place:
        found = run(_measure(place, count))
        remove_all(place.connection)
    return found


async def _measure(place: Stage, count: int) -> Result:
    room = place.room("attach")
    (room / "vms").mkdir()
    (room / "vms" / f"{NAME}.yaml").write_text(MACHINE.format(name=NAME, image=place.image, cmdline=CMDLINE))
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        await asyncio.to_thread(wait_for_http, place.rig, NAME)
        await at_rest(parts)
        mine = place.connection.lookupByName(NAME)
        like = await asyncio.to_thread(_like, place, mine, room)
        await asyncio.to_thread(wait_for_http, place.rig, PLAIN)
        ours, plain = _edits(parts), _calls(like, room / "late.qcow2")
        return await asyncio.to_thread(
            in_turn,
            "attach",
            count,
            BUDGET,
            lambda _: _rounds(mine, ours, count, ""),
            lambda _: _rounds(like, plain, count, "plain_"),
        )


def _like(place: Stage, domain: Any, room: Path) -> Any:
    """Starts a guest like ours, which the operator does not know."""
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
    disk = room / "plain.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    text = re.sub(r"<metadata>.*?</metadata>|<uuid>.*?</uuid>|<mac [^>]*>|<log [^>]*>", "", text, flags=re.DOTALL)
    text = re.sub(r"<source file='[^']*data.qcow2'", f"<source file='{disk}'", text)
    made = place.connection.defineXML(text.replace(f"<name>{NAME}</name>", f"<name>{PLAIN}</name>"))
    made.create()
    return made


def _edits(parts: Standalone) -> list[Step]:
    key = Key(VirtualMachine.KIND, "default", NAME)

    def edit(**spec: Any) -> Callable[[], object]:
        return lambda: parts.store.patch(key, {"spec": spec}, "benchmark")

    return [
        ("attach_disk_s", edit(disks=[ROOT, LATE]), lambda text: "late.qcow2" in text),
        ("detach_disk_s", edit(disks=[ROOT]), lambda text: "late.qcow2" not in text),
        ("attach_nic_s", edit(nics=[LAN, SECOND]), lambda text: MAC in text),
        ("detach_nic_s", edit(nics=[LAN]), lambda text: MAC not in text),
    ]


def _calls(domain: Any, file: Path) -> list[Step]:
    source = f"<driver name='qemu' type='qcow2'/><source file='{file}'/>"
    disk = f"<disk type='file' device='disk'>{source}<target dev='vdb' bus='virtio'/></disk>"
    nic = f"<interface type='network'><mac address='{PLAIN_MAC}'/><source network='default'/><model type='virtio'/></interface>"

    def made() -> None:
        file.unlink(missing_ok=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "16M"], check=True)
        domain.attachDeviceFlags(disk, FLAGS)

    return [
        ("attach_disk_s", made, lambda text: str(file) in text),
        ("detach_disk_s", lambda: domain.detachDeviceFlags(disk, FLAGS), lambda text: str(file) not in text),
        ("attach_nic_s", lambda: domain.attachDeviceFlags(nic, FLAGS), lambda text: PLAIN_MAC in text),
        ("detach_nic_s", lambda: domain.detachDeviceFlags(nic, FLAGS), lambda text: PLAIN_MAC not in text),
    ]


def _rounds(domain: Any, steps: list[Step], count: int, prefix: str) -> Figures:
    """Returns the seconds of a round of all steps, and of each."""
    found = dict.fromkeys((f"{prefix}{name}" for name, _, _ in steps), 0.0)
    for _ in range(count):
        for name, act, is_so in steps:
            began = time.perf_counter()
            act()
            while not is_so(domain.XMLDesc(0)):
                if time.perf_counter() - began > DEADLINE:
                    raise RuntimeError(f"{prefix}{name}: not within {DEADLINE:g} s")
                time.sleep(LOOK)
            found[f"{prefix}{name}"] += (time.perf_counter() - began) / count
    return {**found, "seconds": sum(found.values())}
