"""A machine of a stateful deployment comes back on the host that has its disks, however empty others are."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.test_hosts_take_machines import second
from tests.kubernetes.things import deployment, machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

STRATEGY = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def test_it_comes_back_where_its_disks_are(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state", "--host", "a", "--host", "b", "--host-file", str(tmp_path)):
        plane.kubectl.apply(thing("Host", "b", {"uri": second(tmp_path)}))
        for host in ("a", "b"):
            plane.kubectl.wait_for("host", host, ready)
        template = {"spec": {"resources": {"memory": "64Mi"}}}
        kubectl.apply(deployment("db", replicas=1, stateful=True, strategy=STRATEGY, template=template))
        wait_ready(kubectl, "db", kind="vmd")
        first = kubectl.get("vm", "db-1")
        home = first["status"]["host"]
        assert json.loads(kubectl.get("vmd", "db")["metadata"]["annotations"]["homeostat.dev/placements"]) == {"db-1": home}

        fillers = [machine(named=f"filler-{number}", hostSelector={"kubernetes.io/hostname": home}) for number in range(3)]
        kubectl.create(*fillers)
        wait_ready(kubectl, *(filler["metadata"]["name"] for filler in fillers))
        kubectl.delete("vm", "db-1")
        again = kubectl.wait_for("vm", "db-1", lambda vm: vm["metadata"]["uid"] != first["metadata"]["uid"] and ready(vm))
        assert again["status"]["host"] == home

        plane.kubectl.patch("host", home, {"spec": {"maintenance": True}})
        plane.kubectl.wait_for("host", home, lambda host: reason_of(host, "Schedulable") == "Maintenance")
        kubectl.delete("vm", "db-1")
        waiting = kubectl.wait_for("vm", "db-1", lambda vm: reason_of(vm, "Scheduled") == "HostNotReady")
        assert message_of(waiting, "Ready") == f"its disks are on host {home}, which is in maintenance"
        plane.kubectl.patch("host", home, {"spec": {"maintenance": False}})
        wait_ready(kubectl, "db-1")
        assert kubectl.get("vm", "db-1")["status"]["host"] == home


def test_its_disks_can_be_given_up(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """As the status of one whose host is no more says."""
    with operating(plane, tmp_path / "state"):
        plane.kubectl.wait_for("host", "node", ready)
        lost = deployment(
            "db", replicas=1, stateful=True, strategy=STRATEGY, template={"spec": {"resources": {"memory": "64Mi"}}}
        )
        lost["metadata"]["annotations"] = {"homeostat.dev/placements": json.dumps({"db-1": "burnt"})}
        kubectl.create(lost)
        waiting = kubectl.wait_for("vm", "db-1", lambda vm: reason_of(vm, "Scheduled") == "HostGone")
        assert "give the disks up by taking the machine out of" in message_of(waiting, "Ready")

        kubectl("annotate", "vmd", "db", "homeostat.dev/placements-", "--overwrite")
        wait_ready(kubectl, "db-1")
