"""Homeostat's kinds, installed from crds/ as a user installs them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.rig.kubernetes.kubectl import SOON, condition_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

CRDS = Path(__file__).resolve().parents[3] / "crds"


def install_crds(plane: ControlPlane) -> list[str]:
    """Runs `kubectl apply -k crds`, waits until the kinds are served and kubectl knows nothing older, and returns their names."""
    names = plane.kubectl("apply", "-k", str(CRDS), "-o", "name").split()
    for name in names:
        plane.kubectl.wait_for(
            "crd", name.partition("/")[2], lambda crd: condition_of(crd, "Established").get("status") == "True"
        )
    plurals = {name.partition("/")[2].partition(".")[0] for name in names}
    wait_until(lambda: plurals <= _told_of(plane), SOON, "the server tells of the kinds")
    shutil.rmtree(plane.directory / ".kube", ignore_errors=True)
    plane.restart_controllers()  # so that the garbage collector knows the new kinds at once
    return [name.partition("/")[2] for name in names]


def _told_of(plane: ControlPlane) -> set[str]:
    return {resource["name"] for resource in plane.api("GET", "/apis/homeostat.dev/v1alpha1")["resources"]}


def path_of(plural: str, name: str, namespace: str = "") -> str:
    """Returns the path of one of Homeostat's objects, for ControlPlane.api; hosts have no namespace."""
    return f"/apis/homeostat.dev/v1alpha1/{f'namespaces/{namespace}/' if namespace else ''}{plural}/{name}"


def set_status(plane: ControlPlane, path: str, /, **status: Any) -> None:
    """Sets a part of the status, as the operator would."""
    plane.api("PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json")


def wait_documented(plane: ControlPlane) -> None:
    """Waits until the API server describes the kinds, a moment after it serves them: kubectl needs that to check and explain."""

    wait_until(lambda: plane.kubectl("explain", "virtualmachines.spec"), SOON, "the kinds are described", interval=0.2)
