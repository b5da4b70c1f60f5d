"""Which Image keeps a machine from being made, and which one does not keep one that is there."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.planner.images import CHANGED, GOES, INVALID, NOT_FOUND, NOT_RAW, NOT_UPLOADED, missing_image
from tests.unit.machines import deleted, machine

URL = {"url": "https://example.org/debian.qcow2"}
DISK = machine(disks=[{"name": "root", "image": {"imageRef": {"name": "debian"}}}])
BOOT = machine(boot={"kernel": {"imageRef": {"name": "debian"}}})
OTHER = machine(disks=[{"name": "root", "image": {"url": URL["url"]}}])


def image(source: dict[str, Any], deleting: bool = False, reason: str = "", **spec: Any) -> Image:
    meta = {"name": "debian", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    status = {"conditions": [{"type": "Stalled", "status": "True", "reason": reason}]} if reason else None
    return Image.model_validate({"metadata": meta, "spec": {"source": source, **spec}, "status": status})


def reason(vm: VirtualMachine, images: dict[str, Image | str], new: bool) -> str:
    found = missing_image(vm, images, new)
    return found.reason if found is not None else ""


@pytest.mark.parametrize("new", [True, False])
def test_by_what_there_is_of_it(new: bool) -> None:
    only_new = {GOES: GOES if new else "", CHANGED: CHANGED if new else ""}
    cases: list[tuple[VirtualMachine, dict[str, Image | str], str]] = [
        (OTHER, {}, ""),
        (DISK, {}, NOT_FOUND),
        (DISK, {"debian": "spec.source: is odd"}, INVALID),
        (DISK, {"debian": image(URL)}, ""),
        (DISK, {"debian": image(URL, deleting=True)}, only_new[GOES]),
        (deleted(DISK), {"debian": image(URL, deleting=True)}, ""),
        (DISK, {"debian": image(URL, reason=CHANGED)}, only_new[CHANGED]),
        (DISK, {"debian": image(URL, reason="Other")}, ""),
        (DISK, {"debian": image({"upload": {}})}, NOT_UPLOADED),
        (DISK, {"debian": image({"upload": {}, "sha256": "0" * 64})}, ""),
        (BOOT, {"debian": image(URL)}, NOT_RAW),
        (BOOT, {"debian": image(URL, format="raw")}, ""),
    ]
    assert [reason(vm, images, new) for vm, images, _ in cases] == [wanted for *_, wanted in cases]


def test_the_first_that_cannot_be_used_is_told() -> None:
    both = machine(
        boot={"kernel": {"imageRef": {"name": "kernel"}}}, disks=[{"name": "root", "image": {"imageRef": {"name": "debian"}}}]
    )
    for kernel, root in product(({"kernel": image(URL, format="raw")}, {}), ({"debian": image(URL)}, {})):
        found = missing_image(both, {**kernel, **root}, True)
        lacks = "kernel" if not kernel else "debian" if not root else ""
        assert (lacks in found.message) if found else not lacks
