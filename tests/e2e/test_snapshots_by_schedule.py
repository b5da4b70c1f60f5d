"""A schedule takes snapshots of a running machine, finds them again where the index is lost, and they go with it."""

from __future__ import annotations

import json

from homeostat.models.snapshot import Snapshot
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import entries, tags, wait_taken

NAME = "box"
A_MINUTE = 80.0  # seconds, with time to take it

SCHEDULE = {
    "apiVersion": "homeostat.dev/v1alpha1",
    "kind": "SnapshotSchedule",
    "metadata": {"name": "often"},
    "spec": {"schedule": "* * * * *", "template": {"spec": {"machineRef": {"name": NAME}}}},
}


def made(home: Homeostat) -> list[str]:
    found = [home.store.resource(row) for row in home.store.rows(Snapshot.KIND)]
    return [one.metadata.name for one in found if one is not None and not one.deleting]


def test_it_takes_them_finds_them_again_and_they_go_with_it(homeostat: Homeostat) -> None:
    homeostat.write(NAME, idle(disks=[{"name": "data", "size": "1Mi"}]))
    (homeostat.folder / "often.yaml").write_text(json.dumps(SCHEDULE))
    homeostat.start()
    homeostat.wait_ready(NAME)
    homeostat.wait_for(lambda: made(homeostat), "a snapshot is made", A_MINUTE)
    (name, *_) = made(homeostat)
    assert wait_taken(homeostat, name).consistency == "Crash"
    assert tags(homeostat, NAME, "data")
    table = homeostat.run("get", "snapshotschedules").stdout
    assert "often" in table and "* * * * *" in table

    before = entries(homeostat, NAME, "data")[0]
    homeostat.stop()
    homeostat.forget_reader()
    for file in homeostat.state.glob("index.sqlite*"):
        file.unlink()
    homeostat.start()
    homeostat.wait_ready(NAME)
    assert wait_taken(homeostat, name).consistency == "Crash", "an index that is lost loses none"
    assert entries(homeostat, NAME, "data")[0] == before

    (homeostat.folder / "often.yaml").unlink()
    homeostat.wait_for(lambda: not homeostat.store.rows(Snapshot.KIND), "its snapshots are gone")
    assert tags(homeostat, NAME, "data") == []
