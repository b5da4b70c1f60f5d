"""The state folder comes back without the notes of snapshots: what the disks hold is taken up, and never taken again."""

from __future__ import annotations

import shutil

from tests.e2e.homeostat import Homeostat
from tests.e2e.snapshots import entries, wait_taken, write_snapshot

NAME = "web"


def test_it_is_the_same_as_before(town: Homeostat) -> None:
    town.write(NAME, {"runStrategy": "Halted", "disks": [{"name": "data", "size": "1Mi"}]})
    town.start()
    write_snapshot(town, "then", NAME)
    before, inside = wait_taken(town, "then"), entries(town, NAME, "data")
    town.stop()
    town.forget_reader()
    shutil.rmtree(town.state / "snapshots")
    for file in town.state.glob("index.sqlite*"):
        file.unlink()

    town.start()
    after = wait_taken(town, "then")
    assert (after.taken_at, after.disks) == (before.taken_at, before.disks)
    assert entries(town, NAME, "data") == inside

    done = town.run("delete", "snapshot", "then")
    assert done.returncode == 0, done.stderr
    town.wait_for(lambda: entries(town, NAME, "data") == [], "it goes from the disk")
