"""A thousand machines at once, on libvirt's test driver: all become Ready, and at rest nobody writes any more."""

from __future__ import annotations

import json
from pathlib import Path

from homeostat.models.machine import VirtualMachine
from homeostat.store.kubernetes.paths import path_of
from tests.kubernetes.operating import operating, ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, Object
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

COUNT = 1000
DEADLINE = 240.0  # seconds; some 20 on two cores that nobody else uses


def test_all_become_ready(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.run("create", "--validate=false", "-f", "-", stdin=_documents(), timeout=DEADLINE).check_returncode()

        def left() -> int:
            return COUNT - sum(map(bool, map(ready, _machines(plane, kubectl))))

        wait_until(lambda: left() == 0, DEADLINE, "all are Ready", interval=2.0)
        versions = _versions(_machines(plane, kubectl))
        assert len(versions) == COUNT
        assert _versions(_machines(plane, kubectl)) == versions, "nothing differs, and nothing is written"


def _documents() -> str:
    items = [machine(named=f"m{number}", resources={"memory": "64Mi"}) for number in range(COUNT)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _machines(plane: ControlPlane, kubectl: Kubectl) -> list[Object]:
    """Not by kubectl, which takes a second for them."""
    found: list[Object] = plane.api("GET", path_of(VirtualMachine).collection(kubectl.namespace))["items"]
    return found


def _versions(machines: list[Object]) -> dict[str, str]:
    return {vm["metadata"]["name"]: vm["metadata"]["resourceVersion"] for vm in machines}
