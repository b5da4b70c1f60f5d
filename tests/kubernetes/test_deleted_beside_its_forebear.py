"""An object was forced away, and its domain runs on. One of the same name is left out, and takes nothing along when it goes."""

from __future__ import annotations

import signal
from pathlib import Path

from homeostat.models.base import IDENTITY
from tests.kubernetes.operating import message_of, operating, reason_of, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

DISKS = [{"name": "root", "size": "1Mi"}]


def test_the_disks_stay_with_the_domain_that_has_them(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state", "--trash-keep", "0") as operator:
        kubectl.create(machine(named="web", disks=DISKS))
        wait_ready(kubectl, "web")
        first = kubectl.get("vm", "web")["metadata"]
        (disk,) = (tmp_path / "state").rglob("root.qcow2")
        operator.signal(signal.SIGSTOP)
        kubectl.patch("vm", "web", {"metadata": {"finalizers": None}})
        kubectl.delete("vm", "web")
        kubectl.wait_gone("vm", "web")
        operator.signal(signal.SIGCONT)

        kubectl.create(machine(named="web", disks=DISKS))
        second = kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Stalled") == "NameInUse")
        assert f"{IDENTITY}: {first['namespace']}/web/{first['uid']}" in message_of(second, "Stalled")
        kubectl("delete", "vm", "web", "--timeout=20s")

        assert disk.exists() and not (disk.parent / "deleting.json").exists()
        mended = machine(named="web", disks=DISKS)
        mended["metadata"]["annotations"] = {IDENTITY: f"{first['namespace']}/web/{first['uid']}"}
        kubectl.create(mended)
        wait_ready(kubectl, "web")
        kubectl("delete", "vm", "web", "--timeout=20s")
        assert not disk.exists(), operator.said()
