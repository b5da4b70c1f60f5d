"""Whether power was cut where a guest should have been asked first: by what QEMU's own logs say of how each run ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from benchmarks.soak.machines import GRACE
from benchmarks.soak.world import QemuWorld

CUT = re.compile(r"^(\S+ \S+): shutting down, reason=destroyed", re.M)
OURS = 5.0  # seconds between our cut and libvirt's word of it
SURE = 0.9  # of the grace period


def early_cuts(world: QemuWorld) -> Iterator[str]:
    """Cuts of machines that nobody but the operator can have made, before the grace period was over."""
    for path in sorted((world.rig.directory / "log" / "qemu").glob("*.log")):
        machine = path.stem
        if machine == world.bystander:
            continue
        for when in CUT.findall(path.read_text(errors="replace")):
            time = datetime.strptime(when, "%Y-%m-%d %H:%M:%S.%f%z").timestamp()
            if time < world.began or any(abs(time - ours) < OURS for ours in world.cuts.get(machine, ())):
                continue
            names = (machine, world.desired.owner(machine))
            allowed = min((world.excused_at[name] for name in names if name in world.excused_at), default=time)
            if time - allowed < GRACE * SURE:
                yield f"power cut: {machine} at {when}, {time - allowed:.0f} s after the first reason to end it"
