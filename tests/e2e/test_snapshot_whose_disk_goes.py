"""A Disk that holds a part of a snapshot goes, and comes back: the Snapshot says so each time, and at once."""

from __future__ import annotations

from homeostat.models.condition import find_condition
from tests.e2e.disks import named, write_disk
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import status_of, write_snapshot

NAME = "web"
WOKEN = 30.0  # seconds: sooner than what nobody woke is looked at again


def said(town: Homeostat) -> tuple[str, str]:
    conditions = status_of(town, "then").conditions
    stalled = find_condition(conditions, "Stalled")
    ready = find_condition(conditions, "Ready")
    return (ready.status if ready else "", stalled.message if stalled else "")


def test_it_says_so(town: Homeostat) -> None:
    write_disk(town, "vol", size="1Mi")
    town.write(NAME, idle(disks=[named("vol")]))
    town.start()
    town.wait_ready(NAME)
    write_snapshot(town, "then", NAME)
    town.wait_for(lambda: said(town)[0] == "True", "it is taken")

    town.edit(NAME, lambda spec: spec.update(disks=[]))
    town.edit(NAME, lambda spec: spec.update(restartedAt="now"))
    town.wait_ready(NAME)
    town.run("delete", "disk", "vol")
    town.wait_for(lambda: "the file of Disk default/vol has gone" in said(town)[1], "it says that it is lost", WOKEN)
    assert said(town)[0] == "False"

    town.run("trash", "restore", "vol")
    write_disk(town, "vol", size="1Mi")
    town.wait_for(lambda: said(town) == ("True", ""), "it is there again", WOKEN)
