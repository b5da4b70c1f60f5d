"""A path that is relative to a YAML file's folder means nothing in a cluster: the resource says so, and is mended by an edit."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import message_of, operating, reason_of
from tests.kubernetes.things import machine, plugin
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane


def test_they_are_refused(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(plugin(named="page", kernel={"path": "../vmlinuz"}, initramfs={"path": "/images/initramfs"}))
        kubectl.create(machine(named="web", disks=[{"name": "root", "image": {"path": "root.qcow2"}}]))
        fields = {"plugin/page": "spec.kernel.path", "vm/web": "spec.disks[0].image.path"}

        for thing, field in fields.items():
            refused = kubectl.wait_for(*thing.split("/"), lambda found: condition_of(found, "Stalled").get("status") == "True")
            assert reason_of(refused, "Stalled") == "InvalidSpec"
            assert message_of(refused, "Stalled").startswith(f"{field}: is relative to nothing in a cluster"), refused

        kubectl.patch("vm", "web", {"spec": {"disks": []}})
        kubectl.wait_for("vm", "web", lambda found: condition_of(found, "Ready").get("status") == "True")
