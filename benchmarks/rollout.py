"""A whole rollout over many replicas on the test driver: from the changed template saved to all replaced and available.

The baseline is a plain loop on the test driver that destroys, undefines, defines and starts as many of the same domains, those
included that stand in meanwhile.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks import fleet, plain
from benchmarks.living import at_rest, living
from benchmarks.measure import in_child, room, run, say, until
from benchmarks.pairs import in_turn
from benchmarks.result import Result
from homeostat.assembly.standalone import Standalone
from homeostat.models.base import Key
from homeostat.models.condition import READY, find_condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus, share_of

DEFAULT = 1000
SURGE = "25%"  # as if left out
BUDGET = "ratio <= 6 at 1,000"
KEY = Key(VirtualMachineDeployment.KIND, "default", "web")

DOCUMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata:
  name: web
spec:
  replicas: {replicas}
  strategy:
    rollingUpdate:
      maxSurge: {surge}
  template:
    spec:
      resources:
        vcpu: {vcpu}
        memory: 512Mi
      nics:
        - name: lan
          network: default
      shutdown:
        gracePeriodSeconds: 0
"""


def measure(count: int) -> Result:
    with room() as place:
        text = in_child(plain.definition, str(place / "one"))
        return in_turn(
            "rollout",
            count,
            BUDGET,
            lambda number: in_child(rollout, str(place / f"{number}"), count),
            lambda number: in_child(plain.rollout, str(place), text, count, share_of(SURGE, count, up=True)),
        )


def rollout(place: str, count: int) -> dict[str, float]:
    """Runs in its own process."""
    return run(_rollout(Path(place), count))


async def _rollout(place: Path, count: int) -> dict[str, float]:
    (place / "vms").mkdir(parents=True)
    (place / "vms" / "web.yaml").write_text(DOCUMENT.format(replicas=count, surge=SURGE, vcpu=1))
    begun = time.perf_counter()
    async with living(place / "vms", place / "state", fleet.node(place)) as parts:
        await until(lambda: _complete(parts, count, 1), f"{count} replicas are available", 0.02)
        created = time.perf_counter() - begun
        say(f"rollout: {count} replicas available after {created:.2f} s; changing the template")
        await at_rest(parts)
        start, cpu = time.perf_counter(), time.process_time()
        aside = place / "vms" / ".web.yaml.swp"
        aside.write_text(DOCUMENT.format(replicas=count, surge=SURGE, vcpu=2))
        os.replace(aside, place / "vms" / "web.yaml")
        await until(lambda: _complete(parts, count, 2), f"{count} replicas follow the new template", 0.02)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        return {"seconds": seconds, "cpu_ms_per_replica": used * 1000 / count, "create_s": created}


def _complete(parts: Standalone, count: int, revision: int) -> bool:
    row = parts.store.index.row(KEY)
    if row is None or row.status is None:
        return False
    status = VirtualMachineDeploymentStatus.model_validate_json(row.status)
    ready = find_condition(status.conditions, READY)
    counts = (status.replicas, status.updated_replicas, status.available_replicas)
    return status.revision == revision and counts == (count,) * 3 and ready is not None and ready.status == "True"
