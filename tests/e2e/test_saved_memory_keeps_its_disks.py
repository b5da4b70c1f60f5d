"""A machine whose memory is saved has the disks of then until it goes on, whatever its spec says meanwhile: none is set aside,
and no other machine gets its Disk."""

from __future__ import annotations

from tests.e2e.disks import disk_status, write_disk
from tests.e2e.homeostat import SOON, Homeostat, idle

NAME, OTHER = "saved", "other"
OWN, SHARED = {"name": "own", "size": "8Mi"}, {"name": "shared", "diskRef": {"name": "letters"}}


def test_they_are_there_when_it_goes_on_and_go_with_its_next_start(homeostat: Homeostat) -> None:
    home = homeostat
    write_disk(home, "letters", size="8Mi")
    home.write(NAME, idle(runStrategy="Manual", power="Running", disks=[OWN, SHARED]))
    home.start("--no-api", "--settle", "1s")
    home.wait_for(lambda: home.state_of(NAME) == "running", "it runs")
    home.edit(NAME, lambda spec: spec.update(power="Saved"))
    home.wait_for(lambda: home.status(NAME).state == "Saved", "its memory is saved")

    home.edit(NAME, lambda spec: spec.update(disks=[]))
    home.wait_for(lambda: "letters" not in home.virsh("dumpxml", "--inactive", NAME), "its next definition has no disks")
    home.write(OTHER, idle(disks=[SHARED]))
    taken = home.wait_condition(OTHER, "Reconciling", "DiskTaken").message
    assert f"machine {NAME}" in taken and home.state_of(OTHER) != "running", taken
    assert disk_status(home, "letters").attached_to == NAME

    home.edit(NAME, lambda spec: spec.update(power="Running"))
    home.wait_for(lambda: home.status(NAME).state == "Running", "it goes on with its memory", 2 * SOON)
    assert "restored" in home.virsh("domstate", NAME, "--reason")
    assert "own.qcow2" in home.virsh("domblklist", NAME) and "letters" in home.virsh("domblklist", NAME)
    assert home.disk(NAME, "own").exists()

    home.run("restart", NAME)
    home.wait_for(lambda: not home.disk(NAME, "own").exists(), "its disk is set aside once nothing has it", 2 * SOON)
    home.wait_ready(OTHER)
