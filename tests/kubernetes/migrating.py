"""A folder's Homeostat and a cluster on one state: what is moved between them, and what runs meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from homeostat.models.base import Key
from tests.e2e.homeostat import Homeostat, Spec, idle
from tests.kubernetes.operating import LEASES, OperatorProcess, clear, ready, wait_ready
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.network import free_gateway
from tests.rig.program import ran

HOST = "node"
DATA: list[Spec] = [{"name": "data", "size": "16Mi"}]
NICS: list[Spec] = [{"name": "lab", "networkRef": {"name": "lab"}}]
KEPT = [
    *(Key("Image", "default", "base"), Key("Network", "default", "lab"), Key("Disk", "default", "letters")),
    *(Key("Snapshot", "default", "before"), Key("SnapshotSchedule", "default", "yearly")),
]
Done = subprocess.CompletedProcess[str]


class Moving(Homeostat):
    """Machine `db` with a disk and Disk `letters`, deployment `web` of `replicas` with a disk for each index, made from plugin
    `page`. Also Image `base`, of which Disk `letters` is made, Network `lab`, Snapshot `before` of `db`, and a schedule of it."""

    def __init__(self, plane: ControlPlane, rig: Libvirtd, replicas: int) -> None:
        super().__init__(rig)
        self.plane = plane
        self.machines = ["db", *(f"web-{index}" for index in range(1, replicas + 1))]
        self.write("db", idle(disks=[*DATA, {"name": "letters", "diskRef": {"name": "letters"}}], nics=NICS))
        self.declare("Network", "lab", {"mode": "Isolated", "addresses": [{"cidr": free_gateway(self.root)}]})
        self.declare("Disk", "letters", {"source": {"image": {"imageRef": {"name": "base"}}}, "size": "16Mi"})
        self.declare("Snapshot", "before", {"machineRef": {"name": "db"}})
        yearly = {"template": {"spec": {"machineRef": {"name": "db"}}}, "schedule": "0 0 1 1 *"}
        self.declare("SnapshotSchedule", "yearly", yearly)
        template = idle(disks=DATA, nics=[], pluginRef={"name": "page"})
        spec = {"replicas": replicas, "stateful": True, "strategy": {"type": "Recreate"}, "template": {"spec": template}}
        self.declare("VirtualMachineDeployment", "web", spec, comment="# in front of db\n")
        self.image_file = self.root / "page.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.image_file, "1M"], check=True)
        self.declare("Image", "base", {"source": {"path": str(self.image_file)}})
        self.declare("Plugin", "page", {"version": "1", "rootfs": {"path": str(self.image_file)}})
        self.written |= dict.fromkeys((f"web-{index}" for index in range(1, replicas + 3)), template)  # removed at the end
        self.operator = OperatorProcess(plane, self.state, "--host", HOST, uri=rig.uri)

    def close(self) -> None:
        super().close()
        for act in ("net-destroy", "net-undefine"):  # the rig outlives this, and the next one has another identity
            self.rig.virsh(act, "lab", check=False)

    def declare(self, kind: str, name: str, spec: Spec, comment: str = "") -> None:
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        (self.folder / f"{name}.yaml").write_text(comment + yaml.safe_dump(document, sort_keys=False))

    def migrate(self, where: str, *options: str, fault: str = "", kubeconfig: Path | None = None) -> Done:
        words = self.command("migrate", where, "--yes", "--host", HOST, str(self.folder), *options)
        return ran(
            [*words, "--kubeconfig", str(kubeconfig or self.plane.kubeconfig)], env={**os.environ, "HOMEOSTAT_FAULT": fault}
        )

    def run_standalone(self) -> None:
        """Until it has looked at all and all is Ready, and no longer."""
        before = self.said()
        self.start()
        try:
            for name in self.machines:
                said = f"vm/{name}: Running, ready"
                self.wait_for(lambda said=said: self.said().count(said) > before.count(said), said)  # type: ignore[misc]
            self.wait_for(lambda: self.is_ready("web"), "web is Ready")
            for key in KEPT:
                self.wait_for(lambda key=key: self.is_ready(key.name, key.kind), f"{key} is Ready")  # type: ignore[misc]
        finally:
            self.stop()
            self.forget_reader()

    def run_in_cluster(self, *more: Callable[[], object]) -> None:
        """As ``run_standalone``; ``more`` is done meanwhile, before all has to be Ready."""
        kubectl = self.plane.kubectl
        self.operator.start()
        for act in more:
            act()
        for name in self.machines:  # the status that came along speaks of another host
            kubectl.wait_for("vm", name, lambda found: ready(found) and found["status"]["host"] == HOST)
        wait_ready(kubectl, "web", kind="vmd")
        for key in KEPT:
            wait_ready(kubectl, key.name, kind=key.kind.lower())
        for kind, name in (("disk", "letters"), ("snapshot", "before")):
            kubectl.wait_for(kind, name, lambda found: found["status"]["host"] == HOST)
        assert self.operator.stop() == 0

    def is_ready(self, name: str, kind: str = "VirtualMachineDeployment") -> bool:
        found = [row for row in self.store.rows(kind) if row.name == name]
        conditions = [] if not found or found[0].status is None else found[0].document_form()["status"]["conditions"]
        return any(
            c["type"] == "Ready" and c["status"] == "True" and c["observedGeneration"] == found[0].generation for c in conditions
        )

    def runs(self) -> dict[str, tuple[int, int]]:
        """Each machine's QEMU, and its disk; the file of the Disk, and what is noted of the snapshot."""
        found = {name: (self.qemu_pid(name), self.disk(name, "data").stat().st_ino) for name in self.machines}
        letters = self.state / "disks" / "default" / "letters" / "disk.img"
        notes = sorted(path.name for path in (self.state / "snapshots").iterdir())
        return {**found, "letters": (letters.stat().st_ino, 0), "before": (len(notes), hash(tuple(notes)))}

    def left_in_cluster(self) -> dict[str, Any]:
        """Names by kind; plugins, Images and Networks apart."""
        owned = ("disks", "snapshots", "snapshotschedules")
        plurals = ("virtualmachines", "virtualmachinedeployments", "machinerevisions", *owned)
        kubectl = self.plane.kubectl
        found = {plural: [item["metadata"]["name"] for item in kubectl.list(plural)] for plural in plurals}
        return {plural: names for plural, names in found.items() if names}


@contextlib.contextmanager
def moving(plane: ControlPlane, rig: Libvirtd, replicas: int = 1) -> Iterator[Moving]:
    """Without a trace at the end, on the host and in the cluster."""
    plane.start_apiserver()
    with contextlib.suppress(Exception):
        plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": LEASES}})
    made = Moving(plane, rig, replicas)
    try:
        yield made
    except BaseException as error:
        error.add_note(f"--- up:\n{made.said()[-3000:]}\n--- operator:\n{made.operator.said()[-3000:]}")
        raise
    finally:
        if made.operator.runs:
            made.operator.kill9()
        clear(plane)
        made.close()
