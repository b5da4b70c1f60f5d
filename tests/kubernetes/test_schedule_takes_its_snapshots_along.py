"""A SnapshotSchedule that is deleted takes its snapshots along by itself, or leaves them where kubectl was asked to."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import PATIENT, SOON, operating
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

OF_WEB = {"machineRef": {"name": "web"}}


def scheduled(kubectl: Kubectl) -> None:
    """A schedule with one snapshot, as if a time of it had come, and a snapshot that somebody made by hand."""
    kubectl.create(machine(named="web", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]))
    kubectl.create(thing("SnapshotSchedule", "yearly", {"schedule": "0 0 1 1 *", "template": {"spec": OF_WEB}}))
    found = kubectl.wait_for("snapshotschedule", "yearly", lambda found: found["metadata"].get("finalizers"))
    assert found["metadata"]["finalizers"] == ["homeostat.dev/teardown"]
    owner = {"apiVersion": found["apiVersion"], "kind": found["kind"], "name": "yearly", "uid": found["metadata"]["uid"]}
    made = thing("Snapshot", "yearly-20260101-0000", OF_WEB)
    made["metadata"]["ownerReferences"] = [{**owner, "controller": True, "blockOwnerDeletion": True}]
    kubectl.create(made)
    kubectl.create(thing("Snapshot", "by-hand", OF_WEB))
    kubectl("wait", "snapshot/yearly-20260101-0000", "snapshot/by-hand", "--for=condition=Ready", PATIENT)


def names(kubectl: Kubectl) -> list[str]:
    return [found["metadata"]["name"] for found in kubectl.list("snapshots")]


def test_they_go_where_nothing_else_collects_them(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator, plane.without_controllers():
        scheduled(kubectl)
        operator.kill9()
        kubectl("delete", "snapshotschedule", "yearly", "--wait=false")
        assert sorted(names(kubectl)) == ["by-hand", "yearly-20260101-0000"], "it waits for an operator"
        operator.start()
        kubectl.wait_gone("snapshotschedule", "yearly")
        assert names(kubectl) == ["by-hand"]


def test_they_stay_where_that_is_asked_for(
    crds: list[str], plane: ControlPlane, controllers: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state"):
        scheduled(kubectl)
        controllers.restart_controllers()
        kubectl("delete", "snapshotschedule", "yearly", "--cascade=orphan", PATIENT)
        left = lambda: [found for found in kubectl.list("snapshots") if "ownerReferences" not in found["metadata"]]  # noqa: E731
        wait_until(lambda: len(left()) == 2, SOON, "they are nobody's")
        assert not any(found["metadata"].get("deletionTimestamp") for found in kubectl.list("snapshots"))
