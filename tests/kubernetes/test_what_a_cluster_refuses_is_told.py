"""A cluster refuses what the operator would make, by a quota here: the status of what asked for it says so, until it is made."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kubernetes.operating import message_of, operating, reason_of, wait_ready
from tests.kubernetes.things import deployment, machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

OF_WEB = {"machineRef": {"name": "web"}}
EVERY_MINUTE = {"schedule": "* * * * *", "template": {"spec": OF_WEB}}


def allow(plane: ControlPlane, namespace: str, what: str, count: int) -> None:
    """Allows so many objects; the status is what Kubernetes' own controller would write, which the plane does not have."""
    hard = {f"count/{what}.homeostat.dev": str(count)}
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    plane.api("POST", quotas, {"metadata": {"name": "few"}, "spec": {"hard": hard}})
    status = {"hard": hard, "used": dict.fromkeys(hard, str(count))}
    plane.api("PATCH", f"{quotas}/few/status", {"status": status}, "application/merge-patch+json")


def test_a_deployment_that_may_have_no_more_machines(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(deployment("web", replicas=1))
        wait_ready(kubectl, "web", kind="vmd")
        allow(plane, kubectl.namespace, "virtualmachines", 1)

        kubectl("scale", "vmd/web", "--replicas=2")
        refused = kubectl.wait_for("vmd", "web", lambda vmd: "exceeded quota" in message_of(vmd, "Ready"))
        assert reason_of(refused, "ReplicaFailure") == "Refused"
        assert refused["status"]["replicas"] == 1, "it tells of the machines that there are"

        kubectl("delete", "resourcequota", "few")
        wait_ready(kubectl, "web", kind="vmd")
        assert reason_of(kubectl.get("vmd", "web"), "ReplicaFailure") == ""


def test_a_schedule_that_may_have_no_more_snapshots(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """It would else be Ready while nothing is taken."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]))
        wait_ready(kubectl, "web")
        allow(plane, kubectl.namespace, "snapshots", 0)

        kubectl.create(thing("SnapshotSchedule", "often", EVERY_MINUTE))
        refused = kubectl.wait_for("snapshotschedule", "often", lambda found: reason_of(found, "Ready") == "Refused", 120.0)
        assert "exceeded quota" in message_of(refused, "Ready")
        missed = re.search(r'snapshots.homeostat.dev "(\S+)"', message_of(refused, "Ready"))

        kubectl("delete", "resourcequota", "few")
        wait_ready(kubectl, "often", kind="snapshotschedule", timeout=120.0)
        assert missed is not None and kubectl.exists("snapshot", missed[1]), "what was due is made up for"
