"""From a folder to a cluster and back: every QEMU runs on, with the disk that it has."""

from __future__ import annotations

import json

import yaml

from tests.kubernetes.migrating import moving
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


def test_no_guest_is_restarted(crds: list[str], plane: ControlPlane, libvirtd: Libvirtd) -> None:
    with moving(plane, libvirtd, replicas=2) as town:
        kubectl = plane.kubectl
        town.run_standalone()
        before = town.runs()

        done = town.migrate("--to-cluster")
        assert done.returncode == 0, done.stderr
        assert "is looked after again" in done.stdout
        placements = kubectl.get("vmd", "web")["metadata"]["annotations"]["homeostat.dev/placements"]
        assert json.loads(placements) == {"web-1": "node", "web-2": "node"}, "their disks are there"
        refused = town.run("up", str(town.folder), "--no-api")
        assert refused.returncode == 1
        assert "migrate --to-folder" in refused.stderr
        again = town.migrate("--to-cluster")
        assert (again.returncode, "nothing is left to do" in again.stdout) == (0, True), again

        town.machines.append("web-3")
        town.run_in_cluster(lambda: kubectl("scale", "vmd/web", "--replicas=3"))
        moved = town.runs()
        assert moved == {**before, "web-3": moved["web-3"]}
        assert len(kubectl.list("machinerevisions")) == 1, "no rollout was begun"

        back = town.migrate("--to-folder")
        assert back.returncode == 0, back.stderr
        assert town.left_in_cluster() == {}
        text = (town.folder / "web.yaml").read_text()
        assert text.startswith("# in front of db\n")
        assert yaml.safe_load(text)["spec"]["replicas"] == 3
        assert "annotations" not in text
        assert "identity" not in (town.folder / "db.yaml").read_text(), "its identity is the folder's own again"

        town.run_standalone()
        assert town.runs() == moved
        assert town.run("plan", str(town.folder)).returncode == 0, "nothing is left to change"
