"""A short soak over real guests and a fleet on the test driver: nothing that must hold is broken."""

from __future__ import annotations

import argparse
from io import StringIO

import pytest

from benchmarks.soak.program import soak
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

ACTS = ""
OPERATIONS = 8  # of each world's one phase


def test_a_short_soak(libvirtd: Libvirtd, guest_image: GuestImage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.life.OPERATIONS", (OPERATIONS, OPERATIONS))
    options = argparse.Namespace(
        seconds=200,
        seed=4,
        phases=1,
        life=1,
        guests=3,
        machines=16,
        only=None,
        acts=ACTS,
        settle=1.0,
        keep=None,
    )
    out = StringIO()
    found = soak(options, out, libvirtd, guest_image)
    assert found["violations"] == [], out.getvalue()
    assert {world: told["phases"] for world, told in found["worlds"].items()} == {"qemu": 1, "test": 1}
    done = [told["operations"] for told in found["worlds"].values()]
    assert sum(sum(kinds.values()) for kinds in done) == found["count"] >= 2 * OPERATIONS
    assert found["kills"] == sum(kinds.get("kill operator", 0) + kinds.get("index fault", 0) for kinds in done) > 0
    assert found["looks"] > 10
    assert libvirtd.virsh("list", "--all", "--name").split() == [], "no domain is left"
