"""A dry run over a cluster says what would be found on the host that the API is beside, and writes nothing to the cluster."""

from __future__ import annotations

import sys
from typing import Any

from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import ran
from tests.rig.waiting import wait_until

BRIDGE: dict[str, Any] = {"nics": [{"name": "lan", "bridge": "br-none"}]}


def test_a_dry_run_over_a_cluster(crds: list[str], plane: ControlPlane, namespace: str, libvirtd: Libvirtd) -> None:
    where = Namespace(plane, namespace)
    kubectl = plane.kubectl.within(where.name)
    with (
        site(plane, libvirtd) as place,
        place.operating("--host", "node"),
        serving(place.root, where=where) as beside,
    ):
        kubectl.create(machine(named="web", **idle()))
        wait_ready(kubectl, "web")
        url = "/api/v1/vms/web"
        placed = lambda: beside.http.get(url, params={"view": "resource"}).json().get("status", {}).get("host")  # noqa: E731
        wait_until(lambda: placed() == "node", 30, "the API heard of it")
        before = plane.api("GET", path_of("virtualmachines", "web", where.name))

        answer = beside.http.patch(f"{url}/spec", params={"dryRun": "true"}, json=BRIDGE)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["dry_run"] and said["spec"]["nics"] == BRIDGE["nics"] and said["host"]["name"] == "node"
        (found,) = said["host"]["findings"]
        assert found["reason"] == "BridgeMissing" and "host node has no bridge 'br-none'" in found["message"]
        assert said["host"]["not_looked_at"] == []

        made = beside.http.post("/api/v1/vms", params={"dryRun": "true"}, json={"name": "new", "spec": BRIDGE})
        assert made.status_code == 200 and "new is on no host yet" in made.json()["host"]["not_looked_at"][0]

        assert plane.api("GET", path_of("virtualmachines", "web", where.name)) == before
        assert [one["metadata"]["name"] for one in kubectl.list("vm")] == ["web"]

        folder = place.root / "vms"
        folder.mkdir()
        command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(place.state), "--connect", libvirtd.uri]
        planned = ran([*command, "plan", str(folder)])
        assert planned.returncode == 1 and "serves cluster" in planned.stderr and "Traceback" not in planned.stderr
