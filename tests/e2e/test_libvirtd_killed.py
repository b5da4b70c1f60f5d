"""kill -9 of libvirtd: machines run on, the operator says so, comes back to it, and still heals afterwards."""

from __future__ import annotations

import os
import signal

from tests.e2e.homeostat import Homeostat, idle


def test_machines_survive_and_are_kept_afterwards(homeostat: Homeostat) -> None:
    homeostat.write("lasting", idle())
    homeostat.start()
    homeostat.wait_ready("lasting")
    before, pid = homeostat.status("lasting"), homeostat.qemu_pid("lasting")

    homeostat.rig.kill9()
    unknown = homeostat.wait_condition("lasting", "Ready", "HostUnreachable", status="Unknown")
    assert "lost" in unknown.message or "start it" in unknown.message
    assert homeostat.status("lasting").state == "Unknown"
    assert homeostat.qemu_pid("lasting") == pid

    homeostat.rig.start()
    homeostat.wait_ready("lasting")
    assert homeostat.status("lasting").run == before.run
    assert (homeostat.count("lasting", "Started"), homeostat.count("lasting", "Stopped")) == (1, 0)

    os.kill(pid, signal.SIGKILL)
    homeostat.wait_for(lambda: homeostat.count("lasting", "Started") == 2, "it still heals")
    homeostat.wait_ready("lasting")
