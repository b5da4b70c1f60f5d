"""A Disk, and a machine that names one, as nobody may write them: refused where they are written, with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachineSpec
from homeostat.models.plugin import PluginSpec

ODD = ["a'b", 'a"b', "$(id)", "a\nb", "..", "../x", "a/b", "", "A", "-a", "a" * 64, "a\x00"]
IMAGE = {"url": "https://example.org/i"}


def write(name: str = "data", **spec: Any) -> Disk:
    return Disk.model_validate({"metadata": {"name": name}, "spec": spec or {"size": "1Gi"}})


@pytest.mark.parametrize("name", ODD)
def test_names(name: str) -> None:
    for wrong in (
        lambda: write(name),
        lambda: write(source={"diskRef": {"name": name}}),
        lambda: VirtualMachineSpec.model_validate({"disks": [{"name": "d", "diskRef": {"name": name}}]}),
    ):
        with pytest.raises(ValidationError):
            wrong()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"size": 0}, "larger than 0"),
        ({"size": "1Ei"}, "too large: the most is 2Pi"),
        ({"format": "qcow2"}, "needs a size"),
        ({"source": {"blank": {}}}, "needs a size"),
        ({"size": "1Gi", "source": {}}, "exactly one of blank, image, diskRef and snapshotRef"),
        ({"size": "1Gi", "source": {"blank": {}, "image": IMAGE}}, "exactly one"),
        ({"source": {"diskRef": {"name": "data"}}}, "copy of itself"),
        ({"size": "1Gi", "format": "vdi"}, "qcow2"),
    ],
)
def test_specs(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        write(**spec)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ({"size": "1Gi"}, "size stands in the spec of Disk 'x'"),
        ({"image": IMAGE}, "image stands in the spec of Disk 'x'"),
        ({"reclaimPolicy": "Retain"}, "reclaimPolicy stands in the spec of Disk 'x'"),
        ({"type": "cdrom"}, "a cdrom cannot be a Disk"),
    ],
)
def test_a_device_says_nothing_that_the_disk_says(device: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        VirtualMachineSpec.model_validate({"disks": [{"name": "d", "diskRef": {"name": "x"}, **device}]})


def test_one_machine_names_a_disk_once_and_a_plugin_none() -> None:
    twice = [{"name": name, "diskRef": {"name": "x"}} for name in ("a", "b")]
    with pytest.raises(ValidationError, match="Disk 'x' is named twice"):
        VirtualMachineSpec.model_validate({"disks": twice})
    with pytest.raises(ValidationError, match="a plugin makes many"):
        PluginSpec.model_validate({"version": "1", "rootfs": IMAGE, "disks": twice[:1]})
