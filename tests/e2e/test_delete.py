"""A removed file takes exactly its machine; disks go or stay as they say; also when the operator was down meanwhile."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.watching import LibvirtEvents

DISKS = [{"name": "root", "size": "1Mi"}, {"name": "data", "size": "1Mi", "reclaimPolicy": "Retain"}]


def test_exactly_that_machine_goes(homeostat: Homeostat) -> None:
    for name in ("going", "staying"):
        homeostat.write(name, idle(disks=DISKS, cloudInit={"userData": "#!/bin/sh\n"}))
    homeostat.start()
    homeostat.wait_ready("going", "staying")
    other, files = homeostat.status("staying"), contents(homeostat, "staying")
    with LibvirtEvents(homeostat.rig) as told:
        homeostat.remove("going")
        homeostat.wait_gone("going")
    assert homeostat.state_of("going") == ""
    assert contents(homeostat, "going") == ["data.qcow2"]
    assert homeostat.reasons("going")[-1] == "Deleted"
    assert (homeostat.status("staying"), contents(homeostat, "staying")) == (other, files)
    assert told.of("staying") == []


def test_a_file_removed_while_the_operator_was_down(homeostat: Homeostat) -> None:
    for name in ("absent", "present"):
        homeostat.write(name, idle(runStrategy="Halted", disks=DISKS))
    homeostat.start()
    homeostat.wait_ready("absent", "present")
    homeostat.stop()
    homeostat.remove("absent")
    homeostat.start()
    homeostat.wait_gone("absent")
    homeostat.wait_ready("present")
    assert (homeostat.state_of("absent"), homeostat.state_of("present")) == ("", "shut off")
    assert contents(homeostat, "absent") == ["data.qcow2"]


def test_by_force_it_does_not_wait(homeostat: Homeostat) -> None:
    """Its firmware is deaf to the power button, and would have an hour."""
    homeostat.write("stay", idle(suspend=True))
    homeostat.write("deaf", idle(shutdown={"gracePeriodSeconds": 3600}))
    homeostat.start()
    homeostat.wait_ready("deaf")
    done = homeostat.run("delete", "vm", "deaf", "--force", "--no-wait")
    assert done.returncode == 0, done.stderr
    homeostat.wait_gone("deaf")
    assert homeostat.state_of("deaf") == ""
    assert homeostat.count("deaf", "ShutdownRequested") == 0


def contents(homeostat: Homeostat, name: str) -> list[str]:
    folder = homeostat.state / "machines" / "default" / name
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
