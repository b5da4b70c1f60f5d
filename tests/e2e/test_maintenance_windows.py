"""updatePolicy Window on real QEMU: a restart waits for a window of the machine or its host; one that was begun is completed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.e2e.homeostat import Homeostat, Spec, idle
from tests.e2e.test_edit_waits_for_restart import memory_of
from tests.e2e.test_several_hosts import Pair
from tests.rig.libvirtd import Libvirtd

Window = dict[str, Any]
ALWAYS: Window = {"schedule": "* * * * *", "duration": "1h"}
UNTIL_IT_OPENS = 180.0  # seconds; it opens within 70


def at(begin: datetime) -> Window:
    return {"schedule": f"{begin.minute} {begin.hour} * * *", "duration": "10m"}


def later() -> Window:
    """One that opens long after the test."""
    return at(datetime.now(UTC) + timedelta(hours=6))


def soon() -> tuple[datetime, Window]:
    begin = (datetime.now(UTC) + timedelta(seconds=70)).replace(second=0, microsecond=0)
    return begin, at(begin)


def waiting(**fields: Any) -> Spec:
    return idle(updatePolicy="Window", **fields)


def more(spec: Spec) -> None:
    spec["resources"] = {"memory": "48Mi"}


@pytest.fixture
def pair(libvirtd: Libvirtd) -> Iterator[Pair]:
    made = Pair(libvirtd, libvirtd)
    yield made
    made.close()


def test_a_window_of_the_host_opens_for_a_machine_that_has_none(pair: Pair) -> None:
    def declare(**spec: Any) -> None:
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Host", "metadata": {"name": "a"}, "spec": spec}
        pair.path("a").write_text(yaml.safe_dump(document))

    declare()
    pair.write("patient", waiting())
    pair.up("a")
    pair.wait_ready("patient")
    run = pair.status("patient").run

    pair.edit("patient", more)
    assert "neither it nor its host has maintenanceWindows" in pair.wait_condition("patient", "RestartRequired").message
    declare(maintenanceWindows=[later()])
    pair.wait_for(lambda: "window that begins" in said(pair, "patient"), "it says when the host's window begins")
    assert pair.status("patient").run == run and memory_of(pair, "patient") == 32 * 1024

    begin, window = soon()
    declare(maintenanceWindows=[window])
    pair.wait_for(lambda: pair.status("patient").run not in (run, None), "it was restarted", UNTIL_IT_OPENS)
    assert datetime.now(UTC) >= begin
    pair.wait_for(lambda: not said(pair, "patient"), "nothing waits any more")
    assert memory_of(pair, "patient") == 48 * 1024


def test_a_window_that_is_over_before_the_change_is_done(homeostat: Homeostat) -> None:
    """The guest does not heed the power button, and may take its time: the restart that was begun is completed, others wait."""
    homeostat.write("slow", waiting(maintenanceWindows=[ALWAYS], shutdown={"gracePeriodSeconds": 1, "onTimeout": "Wait"}))
    homeostat.start()
    homeostat.wait_ready("slow")
    run = homeostat.status("slow").run

    homeostat.edit("slow", more)
    homeostat.wait_for(lambda: homeostat.status("slow").state == "Stopping", "it is asked to shut down")
    homeostat.kill9()
    homeostat.edit("slow", lambda spec: spec.update(maintenanceWindows=[later()]))
    homeostat.start()
    homeostat.wait_for(lambda: "window that begins" in said(homeostat, "slow"), "the window is over")
    assert homeostat.status("slow").run == run, "its power is not cut"

    homeostat.virsh("destroy", "slow")  # as if it had shut down at last
    homeostat.wait_for(lambda: homeostat.status("slow").run not in (run, None), "it is started again, outside of the window")
    homeostat.wait_for(lambda: not said(homeostat, "slow"), "nothing waits any more")
    assert memory_of(homeostat, "slow") == 48 * 1024

    run = homeostat.status("slow").run
    homeostat.edit("slow", lambda spec: spec.update(resources={"memory": "40Mi"}))
    homeostat.wait_for(lambda: "window that begins" in said(homeostat, "slow"), "the next change waits for the next window")
    assert homeostat.status("slow").run == run and memory_of(homeostat, "slow") == 48 * 1024


def said(homeostat: Homeostat, name: str) -> str:
    """What RestartRequired says; empty where there is no such condition."""
    condition = homeostat.condition(name, "RestartRequired")
    return condition.message if condition else ""
