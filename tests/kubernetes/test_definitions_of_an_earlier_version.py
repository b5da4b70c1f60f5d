"""An operator whose cluster has the definitions of an earlier version says once which fields these drop, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.kubernetes.operating import operating, ready
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane

HOSTS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hosts.homeostat.dev"
FIELD = "place"
SAID = "the cluster's definition of hosts.homeostat.dev is older than this operator, and drops status.place: apply those"


@contextlib.contextmanager
def without_the_field(plane: ControlPlane) -> Iterator[None]:
    version = plane.api("GET", HOSTS)["spec"]["versions"][0]
    del version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"][FIELD]
    plane.api("PATCH", HOSTS, {"spec": {"versions": [version]}}, "application/merge-patch+json")
    try:
        yield
    finally:
        install_crds(plane)


def test_it_is_said_once(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with without_the_field(plane), operating(plane, tmp_path / "state") as operator:
        operator.wait_said(SAID)
        host = plane.kubectl.wait_for("host", "node", ready)
        assert FIELD not in host["status"]
        plane.kubectl("label", "host", "node", "again=1")
        plane.kubectl.wait_for("host", "node", lambda host: host["metadata"]["labels"].get("again") == "1")
        assert operator.stop() == 0
        assert operator.said().count("is older than this operator") == 1


def test_of_its_own_nothing_is_said(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator:
        plane.kubectl.wait_for("host", "node", ready)
        assert operator.stop() == 0
        assert "is older than this operator" not in operator.said()
