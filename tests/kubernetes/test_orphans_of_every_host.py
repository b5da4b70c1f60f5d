"""What lies on any host of a cluster and belongs to no object is listed from each of them, and nothing of it is deleted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.kubernetes.operating import PATIENT, SOON, operating, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.program import ran
from tests.rig.waiting import wait_until

ON_WEST = {"hostSelector": {"zone": "west"}}


def test_disks_that_stayed_on_another_host(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    def said(*words: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(tmp_path / "east"), "-n", kubectl.namespace, *words]
        found: list[dict[str, Any]] = json.loads(ran(command).stdout)
        return found

    def listed() -> dict[str, dict[str, Any]]:
        return {orphan["name"]: orphan for orphan in said("disk", "list", "--orphans", "-o", "json")}

    with (
        operating(plane, tmp_path / "east", "--host", "east", "--host-label", "zone=east"),
        operating(plane, tmp_path / "west", "--host", "west", "--host-label", "zone=west"),
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        own = {"name": "data", "size": "1Mi", "reclaimPolicy": "Retain"}
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=[own], **ON_WEST))
        kubectl.create(thing("Disk", "letters", {"size": "1Mi", "reclaimPolicy": "Retain", **ON_WEST}))
        wait_ready(kubectl, "mail")
        wait_ready(kubectl, "letters", kind="disk")
        assert listed() == {}
        kubectl("delete", "vm", "mail", PATIENT)
        kubectl("delete", "disk", "letters", PATIENT)

        files = {
            "mail": tmp_path / "west/machines" / kubectl.namespace / "mail/data.qcow2",
            "letters": tmp_path / "west/disks" / kubectl.namespace / "letters/disk.img",
        }
        wait_until(lambda: listed().keys() == files.keys(), SOON, "the other host's operator hears of both")
        found = listed()
        assert {(one["host"], one["state"]) for one in found.values()} == {("west", "retained")}
        assert found["mail"]["path"] == str(files["mail"]) and found["mail"]["was"] == "disk data of machine mail"
        assert str(files["letters"]).endswith("/" + found["letters"]["path"])
        (orphan,) = said("get", "orphans", "-o", "json")
        assert (orphan["name"], orphan["host"], orphan["disks"]) == ("mail", "west", ["data"])
        assert all(file.exists() for file in files.values())
