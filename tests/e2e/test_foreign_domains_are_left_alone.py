"""Domains of others, those that someone suspended us from, and those that hold our name: never touched (invariant 2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, idle, remove_domain
from tests.e2e.watching import LibvirtEvents

FOREIGN = "somebodys"
XML = f"<domain type='qemu'><name>{FOREIGN}</name><memory>32768</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def foreign(homeostat: Homeostat) -> Iterator[str]:
    """A running domain that somebody else defined; its definition."""
    path = homeostat.root / "foreign.xml"
    path.write_text(XML)
    homeostat.virsh("define", str(path))
    homeostat.virsh("start", FOREIGN)
    yield homeostat.virsh("dumpxml", FOREIGN)
    remove_domain(homeostat.rig, FOREIGN)


def test_a_name_clash_is_stalled_and_says_what_to_do(homeostat: Homeostat, foreign: str) -> None:
    homeostat.write(FOREIGN, idle(resources={"memory": "64Mi"}))
    homeostat.write("neighbour", idle())
    with LibvirtEvents(homeostat.rig) as told:
        homeostat.start()
        homeostat.wait_ready("neighbour")
        stalled = homeostat.wait_condition(FOREIGN, "Stalled", "NameInUse")
        assert "rename this machine, or that domain (`virsh domrename`)" in stalled.message
        assert homeostat.count(FOREIGN, "Failed") == 1
        homeostat.remove(FOREIGN)
        homeostat.wait_gone(FOREIGN)
        assert homeostat.run("down", str(homeostat.folder), "--yes").returncode != 0, "an operator runs"
        homeostat.stop()
        done = homeostat.run("down", str(homeostat.folder), "--yes")
        assert done.returncode == 0, done.stderr
    assert homeostat.state_of("neighbour") == ""
    assert homeostat.virsh("dumpxml", FOREIGN) == foreign
    assert told.of(FOREIGN) == []


def test_suspend_leaves_a_machine_alone(homeostat: Homeostat) -> None:
    homeostat.write("resting", idle())
    homeostat.start()
    homeostat.wait_ready("resting")
    homeostat.edit("resting", lambda spec: spec.update(suspend=True, resources={"memory": "64Mi"}))
    homeostat.wait_condition("resting", "Ready", "Suspended", status="False")
    homeostat.virsh("destroy", "resting")
    homeostat.wait_for(lambda: homeostat.status("resting").state == "Stopped", "what happens is reported")
    assert (homeostat.count("resting", "Started"), homeostat.count("resting", "Redefined")) == (1, 0)
    assert homeostat.state_of("resting") == "shut off"
    homeostat.edit("resting", lambda spec: spec.pop("suspend"))
    homeostat.wait_for(lambda: homeostat.state_of("resting") == "running", "it is taken up again")
