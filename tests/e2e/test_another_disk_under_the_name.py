"""A running machine's spec names another Disk under the same name: the definition has it, and the guest gets it by a restart."""

from __future__ import annotations

from homeostat.models.condition import find_condition
from tests.e2e.disks import disk_status, named, wait_disk, write_disk
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import status_of, write_snapshot

NAME = "web"


def runs_with_the_first(town: Homeostat) -> None:
    for disk in ("one", "two"):
        write_disk(town, disk, size="1Mi")
    town.write(NAME, idle(disks=[{**named("one"), "name": "vol"}]))
    town.start()
    town.wait_ready(NAME)
    wait_disk(town, "two")


def source_of(town: Homeostat, *, inactive: bool) -> str:
    found = town.rig.virsh("domblklist", NAME, *(("--inactive",) if inactive else ()))
    return found.split()[-1]


def test_it_waits_for_the_restart_and_can_be_taken_back(town: Homeostat) -> None:
    runs_with_the_first(town)
    first = source_of(town, inactive=False)

    def names(disk: str) -> None:
        town.edit(NAME, lambda spec: spec.update(disks=[{**named(disk), "name": "vol"}]))

    names("two")
    said = town.wait_condition(NAME, "RestartRequired", "ChangesPending")
    assert "disks[vol]" in said.message
    assert source_of(town, inactive=False) == first and source_of(town, inactive=True) != first

    names("one")
    town.wait_ready(NAME)
    town.wait_for(lambda: source_of(town, inactive=True) == first, "the definition has the first one again")

    names("two")
    town.wait_condition(NAME, "RestartRequired", "ChangesPending")
    town.edit(NAME, lambda spec: spec.update(restartedAt="now"))
    town.wait_for(lambda: source_of(town, inactive=False) != first, "it has the second one")
    town.wait_ready(NAME)
    for disk, holder in (("two", NAME), ("one", None)):
        town.wait_for(lambda d=disk, h=holder: disk_status(town, d).attached_to == h, f"{disk} says who has it")  # type: ignore[misc]
    assert source_of(town, inactive=False) == source_of(town, inactive=True) != first
    assert "someone" not in town.said()


def test_a_restore_of_the_first_one_is_refused_without_stopping_the_guest(town: Homeostat) -> None:
    runs_with_the_first(town)
    write_snapshot(town, "then", NAME)
    town.wait_for(lambda: taken(town, "then"), "it is taken")
    run = town.status(NAME).run

    def both(spec: dict[str, object]) -> None:
        spec.update(disks=[{**named("two"), "name": "vol"}], restoreFrom={"snapshot": "then", "token": "1"})

    town.edit(NAME, both)
    said = town.wait_condition(NAME, "Stalled", "SnapshotLost")
    assert "vol" in said.message and town.status(NAME).run == run
    town.wait_condition(NAME, "RestartRequired", "ChangesPending")
    assert town.status(NAME).run == run and town.count(NAME, "Stopped") == 0, town.reasons(NAME)


def taken(town: Homeostat, name: str) -> bool:
    condition = find_condition(status_of(town, name).conditions, "Ready")
    return condition is not None and condition.status == "True"
