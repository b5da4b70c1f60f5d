"""An operator whose cluster has the definitions of an earlier version says once which fields these drop, and what to do. It does
not write them again and again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.kubernetes.counting import wait_renewed, writes
from tests.kubernetes.operating import operating, ready
from tests.rig.kubernetes.earlier import without_the_field
from tests.rig.kubernetes.plane import ControlPlane

FIELD = "place"
LOOKS = 5  # renewals of its lease, some ten seconds: it looks whether its Host says the truth every five
SAID = "the cluster's definition of hosts.homeostat.dev is older than this operator, and drops status.place: apply those"


def test_it_is_said_once(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with without_the_field(plane, "hosts", "status", FIELD), operating(plane, tmp_path / "state") as operator:
        operator.wait_said(SAID)
        host = plane.kubectl.wait_for("host", "node", ready)
        assert FIELD not in host["status"]
        plane.kubectl("label", "host", "node", "again=1")
        plane.kubectl.wait_for("host", "node", lambda host: host["metadata"]["labels"].get("again") == "1")
        assert operator.stop() == 0
        assert operator.said().count("is older than this operator") == 1


def test_what_is_dropped_is_not_written_again(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with without_the_field(plane, "hosts", "status", FIELD), operating(plane, tmp_path / "state") as operator:
        operator.wait_said(SAID)
        plane.kubectl.wait_for("host", "node", lambda host: ready(host) and host["status"].get("orphansKnown", False))
        settled = writes(plane)
        wait_renewed(plane, LOOKS)
        assert writes(plane) - settled == Counter(), operator.said()


def test_of_its_own_nothing_is_said(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator:
        plane.kubectl.wait_for("host", "node", ready)
        assert operator.stop() == 0
        assert "is older than this operator" not in operator.said()
