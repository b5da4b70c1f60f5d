"""CHAOS 6: a grace period does not go by while the operator is stopped."""

from __future__ import annotations

import os
import signal
import threading

from tests.e2e.homeostat import Homeostat, idle

GRACE = 8  # seconds


def test_chaos_6_a_grace_period_is_not_cut_short(homeostat: Homeostat) -> None:
    """The operator sees to another machine first, once it goes on."""
    homeostat.write("patient", idle(shutdown={"gracePeriodSeconds": GRACE}))
    homeostat.start()
    homeostat.wait_ready("patient")
    homeostat.edit("patient", lambda spec: spec.update(runStrategy="Halted"))
    homeostat.wait_for(lambda: homeostat.count("patient", "ShutdownRequested"), "it is asked to shut down")
    os.kill(homeostat.pid, signal.SIGSTOP)
    try:
        threading.Event().wait(GRACE + 1)
        homeostat.write("other", idle())
    finally:
        os.kill(homeostat.pid, signal.SIGCONT)
    homeostat.wait_ready("other")
    assert homeostat.count("patient", "PoweredOff") == 0 and homeostat.state_of("patient") == "running"
    homeostat.wait_for(lambda: homeostat.count("patient", "PoweredOff"), "then its power is cut")
