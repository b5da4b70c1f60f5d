"""A part of the contract is what was made for an account: no machine of a deployment is one, whatever a template says."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import API_VERSION, OWNER, OwnerReference
from homeostat.models.machine import VirtualMachine
from homeostat_contracts.vm_share.marks import OVERLAY, SESSION, is_part, marks
from tests.unit.serving import resource

LABELS = {**marks(SESSION, 7, "abc", "tiny").labels, OWNER: "amy"}
ABOVE = OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="box", uid="uid-box")


def machine(**said: Any) -> VirtualMachine:
    bare = resource(VirtualMachine, "vmshare-7")
    return bare.model_copy(update={"metadata": bare.metadata.model_copy(update={"labels": LABELS, **said})})


def test_what_was_made_for_an_account() -> None:
    assert is_part(machine(), SESSION) and is_part(machine(), SESSION, "amy")
    assert not is_part(machine(), SESSION, "bob") and not is_part(machine(), OVERLAY)


@pytest.mark.parametrize("said", [
    {"owner_references": (ABOVE,)},
    {"labels": {name: text for name, text in LABELS.items() if name != OWNER}},
    {"labels": {}},
], ids=["of a deployment", "nobody's", "without marks"])  # fmt: skip
def test_what_was_not(said: dict[str, Any]) -> None:
    assert not is_part(machine(**said), SESSION) and not is_part(machine(**said), SESSION, "amy")
