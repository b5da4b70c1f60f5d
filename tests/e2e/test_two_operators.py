"""Never two operators on one state folder, never two machines in one domain (invariants 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.watching import LibvirtEvents
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
def other(libvirtd: Libvirtd) -> Iterator[Homeostat]:
    made = Homeostat(libvirtd)
    yield made
    made.close()


def test_the_second_on_a_state_folder_is_refused(homeostat: Homeostat) -> None:
    homeostat.write("single", idle())
    homeostat.start()
    homeostat.wait_ready("single")
    refused = homeostat.run("up", str(homeostat.folder), "--no-api")
    assert refused.returncode == 1
    assert f"another operator (process {homeostat.pid}) runs on {homeostat.state}: stop it first" in refused.stderr
    elsewhere = homeostat.root / "elsewhere"
    elsewhere.mkdir()
    homeostat.stop()
    refused = homeostat.run("up", str(elsewhere), "--no-api")
    assert refused.returncode == 1 and f"serves {homeostat.folder}, not {elsewhere}" in refused.stderr
    assert homeostat.state_of("single") == "running"


def test_the_same_name_from_two_state_folders(homeostat: Homeostat, other: Homeostat) -> None:
    homeostat.write("claimed", idle())
    homeostat.start()
    homeostat.wait_ready("claimed")
    before = homeostat.virsh("dumpxml", "claimed")
    other.write("claimed", idle(resources={"memory": "64Mi"}))
    other.write("stay", idle(suspend=True))
    with LibvirtEvents(homeostat.rig) as told:
        other.start()
        stalled = other.wait_condition("claimed", "Stalled", "NameInUse")
        assert "belongs to another Homeostat resource (default/claimed)" in stalled.message
        other.remove("claimed")
        other.wait_gone("claimed")
    assert told.of_machines == []
    assert homeostat.virsh("dumpxml", "claimed") == before
    assert homeostat.condition("claimed", "Ready").status == "True"  # type: ignore[union-attr]
