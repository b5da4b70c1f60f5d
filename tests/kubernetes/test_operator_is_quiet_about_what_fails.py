"""A machine that cannot become Ready is tried again, but not written about again and again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.kubernetes.operating import events_of, operating
from tests.kubernetes.test_operator_writes_little import RENEWALS, wait_renewed, writes
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane

NOWHERE = {"url": "http://127.0.0.1:1/none.qcow2", "sha256": "0" * 64}


def test_an_image_that_nobody_has(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator:
        kubectl.create(machine(named="web", disks=[{"name": "root", "image": NOWHERE}]))
        kubectl.wait_for("vm", "web", lambda vm: "127.0.0.1:1" in condition_of(vm, "Ready").get("message", ""))

        before = writes(plane)
        wait_renewed(plane, 2 * RENEWALS)
        made = writes(plane) - before

        assert made.total() <= 3, (made, events_of(kubectl, "web"), operator.said())
        assert Counter(event["reason"] for event in events_of(kubectl, "web")).most_common(1)[0][1] <= 2
