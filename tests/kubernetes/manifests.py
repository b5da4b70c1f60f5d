"""The overlays of manifests/, as kubectl makes them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from homeostat.models.kinds import KINDS, REGISTRY, kind_of
from tests.rig.kubernetes.assets import Assets

Object = dict[str, Any]
Rights = dict[str, set[str]]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests"
OVERLAYS = ("central", "dev", "per-host")
NAMESPACE = "homeostat-system"
CLUSTER_WIDE = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}

READ = {"get", "list", "watch"}
OURS = tuple(kind.plural for kind in REGISTRY.values())
DECLARED = tuple(kind_of(cls).plural for cls in KINDS)
STATUSES = tuple(f"{plural}/status" for plural in OURS)
# What each service account may do, by resource; the operator holds leases in its own namespace besides.
OPERATOR_RIGHTS: Rights = {
    "virtualmachines": READ | {"patch", "create", "delete"},
    "virtualmachinedeployments": READ | {"patch"},
    "snapshotschedules": READ | {"patch"},
    "snapshots": READ | {"patch", "create", "delete"},
    "plugins": READ | {"patch"},
    "disks": READ | {"patch"},
    "images": READ | {"patch"},
    "networks": READ | {"patch"},
    "machinerevisions": READ | {"patch", "create", "delete"},
    "hosts": READ | {"create", "patch"},
    **{status: {"patch"} for status in STATUSES if status != "machinerevisions/status"},
    "virtualmachinedeployments/finalizers": {"update"},
    "snapshotschedules/finalizers": {"update"},
    "events": {"create", "patch"},
}
API_RIGHTS: Rights = {
    **{plural: READ | {"create", "patch", "delete"} for plural in DECLARED},
    "machinerevisions": READ,
    "hosts": READ,
    "events": {"list", "watch"},
}


def programs() -> list[Path]:
    """Every kubectl there is: that of the rig, and the user's."""
    found = [Assets.find().kubectl, *([Path(own)] if (own := shutil.which("kubectl")) else [])]
    return list(dict.fromkeys(path.resolve() for path in found))


@cache
def build(overlay: str, program: Path | None = None) -> list[Object]:
    command = [program or programs()[0], "kustomize", FOLDER / "overlays" / overlay]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def of_kind(overlay: str, *kinds: str) -> list[Object]:
    return [one for one in build(overlay) if one["kind"] in kinds]


def workloads(overlay: str) -> dict[str, Object]:
    return {one["metadata"]["name"]: one for one in of_kind(overlay, "Deployment", "DaemonSet")}
