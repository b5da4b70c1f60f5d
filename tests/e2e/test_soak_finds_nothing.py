"""A short soak over real guests and a fleet on the test driver: nothing that must hold is broken."""

from __future__ import annotations

import argparse
from io import StringIO

from benchmarks.soak.program import soak
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

ACTS = "-rename,-network,-detach"


def test_a_short_soak(libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    options = argparse.Namespace(
        seconds=60, seed=2, phases=2, life=1, guests=3, machines=16, only=None, acts=ACTS, settle=1.0, keep=None
    )
    out = StringIO()
    found = soak(options, out, libvirtd, guest_image)
    assert found["violations"] == [], out.getvalue()
    assert {world: told["phases"] for world, told in found["worlds"].items()} == {"qemu": 2, "test": 2}
    done = sum(sum(told["operations"].values()) for told in found["worlds"].values())
    assert done == found["count"] > 8
    kills = sum(told["operations"].get("kill operator", 0) for told in found["worlds"].values())
    assert found["kills"] == kills > 0
    assert libvirtd.virsh("list", "--all", "--name").split() == [], "no domain is left"
