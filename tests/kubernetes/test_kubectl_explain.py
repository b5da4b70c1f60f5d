"""kubectl explain tells what the documentation tells."""

from __future__ import annotations

import pytest

from homeostat.models.machine_disks import DiskDevice
from tests.rig.kubernetes.kubectl import Kubectl


def test_it_describes_every_field_of_a_disk(crds: list[str], kubectl: Kubectl) -> None:
    said = " ".join(kubectl("explain", "vm.spec.disks").split())

    for name, field in DiskDevice.model_fields.items():
        assert f" {field.alias or name} <" in f" {said}".replace("\t", " ")
        assert " ".join((field.description or "").split()) in said


@pytest.mark.parametrize("path", ["vm", "vmd.spec.strategy", "plugin.spec.workload", "vm.status.conditions", "vmhost.status"])
def test_it_describes_parts_of_every_kind(crds: list[str], kubectl: Kubectl, path: str) -> None:
    assert "DESCRIPTION" in kubectl("explain", path)
