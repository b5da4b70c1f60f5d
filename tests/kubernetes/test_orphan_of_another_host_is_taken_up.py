"""What is said of an orphan of another host is enough to have its machine back, and to be rid of it."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from tests.kubernetes.operating import PATIENT, SOON, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.program import ran
from tests.rig.waiting import wait_until

ON_WEST = {"hostSelector": {"zone": "west"}}


def test_from_the_state_folder_of_one_that_lacks_it(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(tmp_path / "east"), "-n", kubectl.namespace]

    def orphans() -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(ran([*command, "get", "orphans", "-o", "json"]).stdout)
        return found

    with (
        operating(plane, tmp_path / "east", "--host", "east", "--host-label", "zone=east") as east,
        operating(plane, tmp_path / "west", "--host", "west", "--host-label", "zone=west") as west,
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        kubectl.create(machine(named="web", **ON_WEST))
        wait_ready(kubectl, "web")
        uid = kubectl.get("vm", "web")["metadata"]["uid"]
        for operator in (east, west):  # one that sees the deletion carries it out; one that sees no finalizer adds it again
            operator.signal(signal.SIGSTOP)
        kubectl.patch("vm", "web", {"metadata": {"finalizers": None}})
        kubectl.delete("vm", "web")
        kubectl.wait_gone("vm", "web")
        for operator in (east, west):
            operator.signal(signal.SIGCONT)
        wait_until(orphans, SOON, "the other host's operator says what stayed")

        (orphan,) = orphans()
        identity = f"{kubectl.namespace}/web/{uid}"
        assert orphan["identity"] == uid
        assert f"`homeostat.dev/identity: {identity}`" in orphan["todo"] and "delete orphan" not in orphan["todo"]
        refused = ran([*command, "delete", "orphan", "web", "--yes"])
        assert refused.returncode == 1 and identity in refused.stderr

        again = machine(named="web", **ON_WEST)
        again["metadata"]["annotations"] = {"homeostat.dev/identity": identity}
        kubectl.create(again)
        wait_ready(kubectl, "web")
        kubectl("delete", "vm", "web", PATIENT)
        wait_until(lambda: not orphans(), SOON, "nothing is left of it")
