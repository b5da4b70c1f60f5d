"""Killed after any of its steps, and run again: the same end, and no guest is restarted."""

from __future__ import annotations

import signal

from tests.kubernetes.migrating import Moving, moving
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

# Image and plugin, which are not put there twice; then network, Disk, web, its revision, db, web-1, schedule and snapshot.
OUTWARD = [
    *("PutResource:1", "PutResource:2", "PutResource:3"),
    *(f"PutResource:{number}" for number in range(3, 9)),
    *("HandOver:1", "LetGoResource:1"),
]
# Eight documents: web-1 and its revision have none. What has left the cluster is not looked at again.
INWARD = [
    *("HoldResource:1", "HoldResource:2", "WriteDocument:1", "WriteDocument:8", "HandOver:1"),
    *["ReleaseObject:1"] * 7,
]


def test_it_goes_on_where_it_was(crds: list[str], plane: ControlPlane, libvirtd: Libvirtd) -> None:
    with moving(plane, libvirtd) as town:
        town.run_standalone()
        before = town.runs()

        _kill_after_each(town, "--to-cluster", OUTWARD)
        town.run_in_cluster()
        assert town.runs() == before

        _kill_after_each(town, "--to-folder", INWARD)
        assert town.left_in_cluster() == {}
        town.run_standalone()
        assert town.runs() == before


def _kill_after_each(town: Moving, where: str, steps: list[str]) -> None:
    for step in steps:
        done = town.migrate(where, fault=f"after:{step}")
        assert done.returncode == -signal.SIGKILL, f"{step}: {done}"
    done = town.migrate(where)
    assert done.returncode == 0, done.stderr
