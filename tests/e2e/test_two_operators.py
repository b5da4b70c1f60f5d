"""Never two operators on one state folder, never two machines in one domain (invariants 1 and 2)."""

from __future__ import annotations

import shutil
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


HALTED = {"runStrategy": "Halted"}
ELSEWHERE = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")  # as from another host


def copy_of(original: Homeostat, copy: Homeostat) -> None:
    """A backup of its state, restored beside it, with YAML of its own."""
    shutil.copytree(original.state, copy.state, ignore=shutil.ignore_patterns("*.sock"))
    (copy.state / "source").write_text(f"{copy.folder}\n")


@pytest.mark.parametrize("wrote", [True, False])
def test_chaos_7_a_restored_copy_stops_before_it_does_anything(homeostat: Homeostat, other: Homeostat, wrote: bool) -> None:
    """``wrote``: the living one did in its present run, so that records name it."""
    homeostat.write("twin", idle(**HALTED))
    homeostat.start()
    homeostat.wait_ready("twin")
    if not wrote:
        homeostat.stop()
        homeostat.start()
        homeostat.wait_ready("twin")
    copy_of(homeostat, other)
    other.write("twin", idle(**HALTED, resources={"memory": "64Mi"}))
    before = homeostat.virsh("dumpxml", "twin")
    with LibvirtEvents(homeostat.rig) as told:
        other.start()
        stalled = other.wait_condition("twin", "Stalled", "OtherOperator")
    assert f"process {homeostat.pid} on " in stalled.message and f"state folder {homeostat.state})" in stalled.message
    assert told.of_machines == [] and homeostat.virsh("dumpxml", "twin") == before
    assert "error: another operator with the identity of this one" in other.said()
    homeostat.stop()  # the way out: one ends, the other is restarted
    other.stop()
    other.start()
    other.wait_ready("twin")
    assert "<memory unit='KiB'>65536<" in other.virsh("dumpxml", "twin")


def test_chaos_7_two_on_different_hosts_do_not_redefine_for_ever(homeostat: Homeostat, other: Homeostat) -> None:
    homeostat.write("twin", idle(**HALTED))
    homeostat.start()
    homeostat.wait_ready("twin")
    copy_of(homeostat, other)
    other.write("twin", idle(**HALTED, resources={"memory": "64Mi"}))
    with LibvirtEvents(homeostat.rig) as told:
        other.start(prefix=ELSEWHERE)
        stalled = homeostat.wait_condition("twin", "Stalled", "OtherOperator")
        assert "on elsewhere, state folder " in stalled.message
        other.wait_ready("twin")
        homeostat.edit("twin", lambda spec: spec.update(resources={"memory": "48Mi"}))
        homeostat.wait_condition("twin", "Stalled", "OtherOperator")
        other.edit("twin", lambda spec: spec.update(resources={"memory": "80Mi"}))
        other.wait_ready("twin")
    assert len(told.of_machines) == 2, told.of_machines  # defined by the other, twice: by its start and by its edit
