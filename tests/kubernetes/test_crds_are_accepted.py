"""A real API server takes every definition in crds/, and serves the kinds."""

from __future__ import annotations

import pytest

from homeostat.models.kinds import CLUSTER_KINDS, kind_of
from tests.rig.kubernetes.crds import CRDS
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane

NAMES = sorted(f"{kind_of(kind).plural}.homeostat.dev" for kind in CLUSTER_KINDS)


def test_all_kinds_are_installed(crds: list[str]) -> None:
    assert sorted(crds) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_established_and_structural(crds: list[str], kubectl: Kubectl, name: str) -> None:
    crd = kubectl.get("crd", name)

    assert condition_of(crd, "NamesAccepted")["status"] == "True"
    assert condition_of(crd, "Established")["status"] == "True"
    assert condition_of(crd, "NonStructuralSchema").get("message") is None


def test_applying_them_again_changes_nothing(crds: list[str], kubectl: Kubectl) -> None:
    said = kubectl("apply", "-k", str(CRDS)).splitlines()

    assert len(said) == len(NAMES)
    assert all(line.endswith(" unchanged") for line in said)


def test_server_side_apply_knows_their_schemas(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    """Where it cannot read one it says so in its log, and takes every list for atomic."""
    for name in NAMES:
        kubectl.list(name, "--all-namespaces")  # the first request makes it read the schema

    assert "error building openapi models" not in plane.log("kube-apiserver").read_text()
