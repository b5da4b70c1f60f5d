"""What a host's operator says of it stands, also against a controller that took it for dead a moment ago."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import condition_of
from tests.rig.kubernetes.plane import ControlPlane


def test_it_is_said_again(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    kubectl = plane.kubectl
    with operating(plane, tmp_path / "state"):
        kubectl.wait_for("host", "node", lambda host: condition_of(host, "Schedulable").get("status") == "True")

        closed = {
            "type": "Schedulable",
            "status": "False",
            "reason": "OperatorGone",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        set_status(plane, path_of("hosts", "node"), conditions=[closed])

        kubectl.wait_for("host", "node", lambda host: condition_of(host, "Schedulable").get("status") == "True")
