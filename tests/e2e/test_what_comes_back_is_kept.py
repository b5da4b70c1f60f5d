"""A document that comes back while its machine is being deleted: the guest runs on, on its disk."""

from __future__ import annotations

import pytest

from tests.e2e.homeostat import Homeostat, idle

DEAF = idle(shutdown={"gracePeriodSeconds": 3600}, disks=[{"name": "data", "size": "1Mi"}])


@pytest.fixture
def home(homeostat: Homeostat) -> Homeostat:
    homeostat.write("stay", idle(runStrategy="Halted"))
    homeostat.write("deaf", DEAF)
    homeostat.start()
    homeostat.wait_ready("deaf")
    return homeostat


def test_findings_deletion_a_file_put_back_while_its_machine_is_shut_down(home: Homeostat) -> None:
    pid, disk = home.qemu_pid("deaf"), home.disk("deaf", "data").stat().st_ino
    home.remove("deaf")
    home.wait_for(lambda: home.count("deaf", "ShutdownRequested"), "it is asked to shut down")
    home.write("deaf", DEAF)
    home.wait_for(lambda: home.count("deaf", "Kept"), "it is kept")
    home.wait_ready("deaf")
    assert (home.qemu_pid("deaf"), home.disk("deaf", "data").stat().st_ino) == (pid, disk)
    assert not {"PoweredOff", "Deleted", "Stopped"} & set(home.reasons("deaf"))


def test_findings_deletion_a_file_put_back_while_no_operator_runs(home: Homeostat) -> None:
    pid = home.qemu_pid("deaf")
    home.stop()
    assert home.run("delete", "vm", "deaf").returncode == 0
    home.write("deaf", DEAF)
    plan = home.run("plan")
    assert (plan.returncode, "will be deleted" in plan.stdout) == (0, False), plan.stdout
    home.start()
    home.wait_for(lambda: home.count("deaf", "Kept"), "it is kept")
    home.wait_ready("deaf")
    assert home.qemu_pid("deaf") == pid
    assert not {"ShutdownRequested", "PoweredOff", "Deleted"} & set(home.reasons("deaf"))
