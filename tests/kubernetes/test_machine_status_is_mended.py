"""Whoever writes into a machine's status, its host's operator says at once what is: an operator that was late to stop, say."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

AT_ONCE = 10.0  # seconds; the next look that nothing brings about comes after 30


def test_it_is_said_again(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")

        set_status(plane, path_of("virtualmachines", "web", kubectl.namespace), state="Stopped", host="elsewhere")

        mended = kubectl.wait_for("vm", "web", lambda vm: vm["status"]["state"] == "Running", AT_ONCE)
        assert mended["status"]["host"] == "node"
