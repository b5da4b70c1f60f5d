"""A machine that is made anew has a new uid and begins afresh, unless it names the one whose disks lie in the trash (BR-02)."""

from __future__ import annotations

import json

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


def test_br02_by_the_annotation_that_names_it(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    namespace = kubectl.namespace
    with site(plane, libvirtd) as place, place.operating():
        wanted = machine(named="web", **idle(disks=[{"name": "root", "size": "1Mi"}], shutdown={"gracePeriodSeconds": 0}))
        kubectl.create(wanted)
        wait_ready(kubectl, "web")
        disk, domain = place.disk(namespace, "web", "root"), place.rig.virsh("domuuid", f"{namespace}--web").strip()
        first = disk.stat().st_ino
        kubectl("delete", "vm", "web", "--timeout=30s")
        (label,) = place.state.glob("trash/*/label.json")
        trashed = json.loads(label.read_text())
        assert (trashed["namespace"], trashed["name"], trashed["returns"]) == (namespace, "web", True)

        kubectl.create(wanted)
        wait_ready(kubectl, "web")
        assert disk.stat().st_ino != first
        kubectl("delete", "vm", "web", "--timeout=30s")

        wanted["metadata"]["annotations"] = {"homeostat.dev/identity": f"{namespace}/web/{trashed['uid']}"}
        kubectl.create(wanted)
        wait_ready(kubectl, "web")
        assert disk.stat().st_ino == first
        assert place.rig.virsh("domuuid", f"{namespace}--web").strip() == domain
