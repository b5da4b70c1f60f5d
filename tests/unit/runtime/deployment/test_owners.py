"""Which deployment a machine belongs to: the one that controls it, by kind and identity."""

from __future__ import annotations

import pytest

from homeostat.models.base import API_VERSION, Key, OwnerReference
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.deployment.ownership import owned_by, owner_key
from tests.unit.fleet import deployment
from tests.unit.machines import machine

VMD = deployment()


def owned(kind: str = "VirtualMachineDeployment", uid: str = "uid-web", controller: bool = True) -> VirtualMachine:
    owner = OwnerReference(api_version=API_VERSION, kind=kind, name="web", uid=uid, controller=controller)
    vm = machine(name="web-1", namespace="default")
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"owner_references": (owner,)})})


@pytest.mark.parametrize(
    ("vm", "known", "ours"),
    [
        (owned(), True, True),
        (owned(controller=False), False, False),
        (owned(kind="ReplicaSet", uid="another"), False, False),
        (owned(uid="another"), True, False),
        (machine(name="web-1"), False, False),
    ],
)
def test_by_its_controller(vm: VirtualMachine, known: bool, ours: bool) -> None:
    assert owner_key(vm) == (Key(VirtualMachineDeployment.KIND, "default", "web") if known else None)
    assert owned_by(vm, VMD) is ours
