"""libvirtd is down when the operator starts: that is said with what to do; once it is up, all converges."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle


def test_it_says_so_and_converges_later(homeostat: Homeostat) -> None:
    homeostat.rig.shutdown()
    homeostat.write("patient", idle())
    homeostat.start()
    waiting = homeostat.wait_condition("patient", "Reconciling", "HostUnreachable")
    assert "libvirtd does not run there: start it" in waiting.message
    homeostat.wait_for(lambda: "start it" in homeostat.said(), "the terminal says so too")
    assert homeostat.status("patient").state == "Unknown"
    homeostat.rig.start()
    homeostat.wait_ready("patient")
    assert homeostat.state_of("patient") == "running"
