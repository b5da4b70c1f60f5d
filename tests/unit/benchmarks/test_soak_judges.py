"""The soak's judge finds what is wrong: disks that are lost or exchanged, files that two write, machines that run twice."""

from __future__ import annotations

import os
import random
from io import StringIO
from pathlib import Path

import pytest

from benchmarks.soak.acts import all_acts, choose
from benchmarks.soak.judge.canaries import Canaries
from benchmarks.soak.judge.open_files import Qemu, run_twice, written_twice
from benchmarks.soak.log import Log
from benchmarks.soak.machines import deployment, entry
from benchmarks.soak.world import DriverWorld


@pytest.fixture
def canaries(tmp_path: Path) -> Canaries:
    found = Canaries(tmp_path)
    found.disk("web").parent.mkdir(parents=True)
    found.disk("web").write_bytes(b"what it holds")
    try:
        assert found.see("web") == ""
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    return found


def test_a_disk_that_stays_is_well(canaries: Canaries) -> None:
    assert canaries.see("web") == ""
    assert canaries.lost() == []


def test_a_disk_that_was_deleted_is_lost(canaries: Canaries) -> None:
    canaries.disk("web").unlink()
    assert canaries.lost() == ["web"]
    assert "no disk" in canaries.see("web")


def test_a_disk_that_was_made_anew_is_another(canaries: Canaries) -> None:
    canaries.disk("web").unlink()
    canaries.disk("web").write_bytes(b"what it holds")
    assert "another file" in canaries.see("web")


def test_a_disk_in_the_trash_is_not_lost(canaries: Canaries, tmp_path: Path) -> None:
    (tmp_path / "trash").mkdir()
    assert not canaries.in_trash("web")
    os.replace(canaries.disk("web"), tmp_path / "trash" / "web.qcow2")
    assert canaries.lost() == []
    assert canaries.in_trash("web")


@pytest.mark.parametrize(("token", "boots", "well"), [("a", 2, True), ("a", 3, True), ("a", 1, False), ("b", 3, False)])
def test_a_guest_has_what_it_had(canaries: Canaries, token: str, boots: int, well: bool) -> None:
    assert canaries.see_inside("web", "a", 2) == ""
    assert (canaries.see_inside("web", token, boots) == "") is well


def test_two_writers_of_one_file_are_told() -> None:
    one = Qemu(1, "web", "u1", {(8, 5): "/data"})
    assert written_twice([one, Qemu(2, "db", "u2", {(8, 6): "/other"})]) == []
    assert written_twice([one, Qemu(2, "db", "u2", {(8, 5): "/linked"})]) == ["db has /linked and web has /data"]


def test_a_machine_in_two_processes_is_told() -> None:
    assert run_twice([Qemu(1, "web", "u1", {}), Qemu(2, "db", "u2", {})]) == []
    assert run_twice([Qemu(1, "web", "u1", {}), Qemu(2, "old", "u1", {})]) == ["u1"]


def test_the_same_is_told_once_in_a_life() -> None:
    log = Log("test", "replay", StringIO())
    log.operation("kill operator", "kill -9")
    log.violation("lost")
    log.violation("lost")
    assert [(v.what, v.operation, v.replay) for v in log.violations] == [("lost", 1, "replay --life 0 --phases 0")]
    assert log.spoilt
    log.life = 1
    assert not log.spoilt


def test_the_seed_chooses() -> None:
    """What is possible rests on the desired state alone: no operator runs here, and nothing differs."""
    assert _chosen(1) == _chosen(1)
    assert _chosen(1) != _chosen(2)


def _chosen(seed: int) -> list[str]:
    world = DriverWorld(Log("test", "", StringIO()), 9, 1)
    try:
        world.desired.put(deployment("web", 2, entry()))
        world.desired.put(world.fresh())
        world.rng = random.Random(seed)
        acts = all_acts(("memory", "make", "move", "scale", "label"))
        for _ in range(12):
            one = choose(world, acts)
            assert one is not None
            one.carry_out(world)
        return [*world.log.counts, *(path.read_text() for path in sorted(world.folder.glob("*.yaml")))]
    finally:
        world.close()
