"""kill -9 of a QEMU: its machine comes back, once, and that is told once."""

from __future__ import annotations

import os
import signal

from tests.e2e.homeostat import Homeostat, idle


def test_it_comes_back_and_that_is_told_once(homeostat: Homeostat) -> None:
    homeostat.write("mortal", idle())
    homeostat.write("other", idle())
    homeostat.start()
    homeostat.wait_ready("mortal", "other")
    before, other = homeostat.status("mortal"), homeostat.status("other")
    os.kill(homeostat.qemu_pid("mortal"), signal.SIGKILL)
    homeostat.wait_for(lambda: homeostat.status("mortal").run not in (None, before.run), "another run is reported")
    homeostat.wait_ready("mortal")
    after = homeostat.status("mortal")
    assert (before.restarts, after.restarts) == (0, 1)
    assert after.pid == homeostat.qemu_pid("mortal") != before.pid
    assert homeostat.reasons("mortal").count("Stopped") == homeostat.count("mortal", "Stopped") == 1
    assert homeostat.count("mortal", "Started") == 2
    stopped = next(event for event in homeostat.events("mortal") if event.reason == "Stopped")
    assert "crashed" in stopped.message
    assert homeostat.status("other") == other
