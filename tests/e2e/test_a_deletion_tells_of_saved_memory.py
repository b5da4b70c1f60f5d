"""A machine whose memory is saved is deleted: plan and events say that the memory goes, which no trash has."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle

NAME, OTHER = "saved", "other"


def test_it_is_a_step_of_its_own(homeostat: Homeostat) -> None:
    home = homeostat
    home.write(OTHER, idle(runStrategy="Halted"))
    home.write(NAME, idle(runStrategy="Manual", power="Running", disks=[{"name": "data", "size": "1Mi"}]))
    home.start("--no-api", "--settle", "1s")
    home.wait_ready(NAME)
    home.edit(NAME, lambda spec: spec.update(power="Saved"))
    home.wait_for(lambda: home.status(NAME).state == "Saved", "its memory is saved")
    home.stop()

    home.remove(NAME)
    assert "discard the saved memory" in home.run("plan").stdout
    home.start("--no-api", "--settle", "1s")
    home.wait_for(lambda: home.state_of(NAME) == "", "its domain is gone")
    home.wait_for(lambda: "DiscardSave" in home.reasons(NAME), "an event says so")
