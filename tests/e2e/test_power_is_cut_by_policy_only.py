"""A guest that ignores its shutdown gets its grace period, and then what its policy says (invariant 3)."""

from __future__ import annotations

import time

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.watching import LibvirtEvents

GRACE = 3  # seconds


def test_force_waits_for_the_grace_period_and_wait_never_cuts(homeostat: Homeostat) -> None:
    homeostat.write("forced", idle(shutdown={"gracePeriodSeconds": GRACE}))
    homeostat.write("waiting", idle(shutdown={"gracePeriodSeconds": GRACE, "onTimeout": "Wait"}))
    homeostat.start()
    homeostat.wait_ready("forced", "waiting")
    with LibvirtEvents(homeostat.rig) as told:
        for name in ("forced", "waiting"):
            homeostat.edit(name, lambda spec: spec.update(runStrategy="Halted"))
        homeostat.wait_for(lambda: homeostat.count("forced", "ShutdownRequested"), "it is asked first")
        asked = time.monotonic()
        assert homeostat.state_of("forced") == "running"
        homeostat.wait_for(lambda: homeostat.count("forced", "PoweredOff"), "its power is cut")
        assert time.monotonic() - asked > GRACE - 1
        homeostat.wait_for(lambda: homeostat.count("waiting", "ShutdownRequested") >= 2, "the other is asked again")
        assert homeostat.state_of("waiting") == "running"
        waiting = homeostat.condition("waiting", "Reconciling")
        assert waiting is not None and "shutdown.onTimeout: Wait keeps asking" in waiting.message
    assert [line for line in told.of("forced") if "Destroyed" in line] == ["Stopped Destroyed"]
    assert told.of("waiting") == []
