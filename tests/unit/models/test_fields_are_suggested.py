"""An unknown field is answered with the one that was probably meant: a near word, one further down, or one elsewhere."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.suggest import suggest_field

MACHINE, DEPLOYMENT = VirtualMachine, VirtualMachineDeployment


@pytest.mark.parametrize(
    ("model", "written", "meant"),
    [
        (MACHINE, "spec.resources.cpus", "cpu"),
        (MACHINE, "spec.disks.image.name", "spec.disks.image.imageRef.name"),
        (MACHINE, "spec.boot.url", "spec.boot.kernel.url"),
        (MACHINE, "spec.boot.name", "metadata.name"),  # kernel and initrd have none, and a plugin's is not meant
        (MACHINE, "spec.name", "metadata.name"),
        (MACHINE, "name", "metadata.name"),
        (MACHINE, "spec.labels", "metadata.labels"),
        (MACHINE, "spec.vnc", "spec.display.vnc"),
        (MACHINE, "spec.kernel", "spec.boot.kernel"),
        (DEPLOYMENT, "spec.disks", "spec.template.spec.disks"),
        (DEPLOYMENT, "spec.template.disks", "spec.template.spec.disks"),
        (DEPLOYMENT, "spec.template.name", "metadata.name"),
    ],
)
def test_one_that_was_meant(model: type[BaseModel], written: str, meant: str) -> None:
    assert suggest_field(model, tuple(written.split("."))) == f"; did you mean {meant}?"


def test_the_number_of_an_item_is_left_out() -> None:
    assert suggest_field(MACHINE, ("spec", "disks", 0, "image", "name")) == "; did you mean spec.disks.image.imageRef.name?"


def test_where_none_is_like_it_all_are_told() -> None:
    path = ("spec", "disks", 0, "image", "source")
    assert suggest_field(MACHINE, path) == "; the fields here are format, imageRef, path, sha256, url"


def test_what_is_below_what_is_no_model_has_no_advice() -> None:
    assert suggest_field(MACHINE, ("spec", "runStrategy", "x")) == "" == suggest_field(MACHINE, ())
