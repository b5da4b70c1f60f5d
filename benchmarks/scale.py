"""A deployment scaled from none to many real guests (TCG), from the saved YAML file until their domains run, against a plain
libvirt loop that defines and starts the same domains with as many requests in flight."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.living import at_rest, living
from benchmarks.measure import until
from benchmarks.result import Result
from benchmarks.rigs import Stage, Xml, against_plain_loop, definitions
from tests.rig.guest import GuestImage

DEFAULT = 20
BUDGET = "ratio <= 1.10"

DOCUMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata:
  name: web
spec:
  replicas: {replicas}
  template:
    spec:
      resources:
        memory: 128Mi
      display:
        video: none
        vnc:
          enabled: false
      boot:
        kernel:
          path: {kernel}
        initramfs:
          path: {initramfs}
        cmdline: console=ttyS0 quiet no_timer_check
      nics:
        - name: lan
          network: default
"""


def measure(count: int) -> Result:
    return against_plain_loop("scale", count, BUDGET, _scale)


async def _scale(place: Stage, count: int, number: int) -> tuple[float, Xml]:
    room = place.room(f"scale-{number}")
    folder = room / "vms"
    folder.mkdir()
    _write(folder, place.image, 0)
    async with living(folder, room / "state", place.rig.uri) as parts:
        await at_rest(parts)
        start = time.perf_counter()
        _write(folder, place.image, count)
        await until(lambda: place.connection.numOfDomains() == count, f"{count} domains run", 0.02)
        return time.perf_counter() - start, definitions(place.connection)


def _write(folder: Path, image: GuestImage, replicas: int) -> None:
    aside = folder / ".web.yaml.swp"
    aside.write_text(DOCUMENT.format(replicas=replicas, kernel=image.kernel, initramfs=image.initramfs))
    os.replace(aside, folder / "web.yaml")
