"""What a guest may read and write in a second is changed while it runs; fingerprints of older specs stay as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner import actions as act
from homeostat.planner.changes.changes import spec_hash
from homeostat.planner.domain import LimitsConfig
from homeostat.planner.plan import Converged
from tests.unit.configs import PLAIN
from tests.unit.machines import Spec, changed, running

LIMITS = {"bytesPerSecond": "15Mi", "bytesPerSecondBurst": "25Mi", "iops": 1000}


def disks(limits: Spec | None = None, **more: str) -> list[Spec]:
    return [{"name": "root", "size": "1Gi", **({"limits": limits} if limits else {}), **more}]


def test_they_are_set_changed_and_lifted_while_it_runs() -> None:
    world, operator, vm = running(disks=disks())
    for limits, config, told in (
        (LIMITS, LimitsConfig(15 * 2**20, 25 * 2**20, 1000), "none -> 15Mi/s, burst 25Mi/s; 1000 IOPS"),
        ({"iops": 500}, LimitsConfig(iops=500), "15Mi/s, burst 25Mi/s; 1000 IOPS -> 500 IOPS"),
        (None, None, "500 IOPS -> none"),
    ):
        operator.done.clear()
        vm = changed(vm, disks=disks(limits))
        first = operator.plan(vm)
        assert [f"{c.field} {c.old} -> {c.new} {c.disruption.word}" for c in first.changes] == [f"disks[root].limits {told} Live"]
        plan = operator.settle(vm)
        assert world.domain and world.domain.live and world.domain.config
        assert world.domain.live.disks[0].limits == world.domain.config.disks[0].limits == config
        assert [type(action) for action in operator.done if isinstance(action, act.LimitDisk)] == [act.LimitDisk]
        assert isinstance(plan.outcome, Converged) and plan.pending == () and world.starts == 1


def test_what_cannot_be_changed_while_it_runs_is_left_out_of_that() -> None:
    world, operator, vm = running(disks=disks())
    plan = operator.settle(changed(vm, disks=disks(LIMITS, cache="writethrough")))
    assert world.domain and world.domain.live
    assert (world.domain.live.disks[0].cache, world.domain.live.disks[0].limits) == (
        None,
        LimitsConfig(15 * 2**20, 25 * 2**20, 1000),
    )
    assert [change.field for change in plan.pending] == ["disks[root].cache"]


def test_limits_that_others_changed_are_corrected() -> None:
    world, operator, vm = running(disks=disks(LIMITS))
    assert world.domain and world.domain.live
    (disk,) = world.domain.live.disks
    assert disk.limits is not None
    for limits in (None, replace(disk.limits, iops=7), replace(disk.limits, others="read_bytes_sec 9")):
        world.domain.live = replace(world.domain.live, disks=(replace(disk, limits=limits),))
        operator.settle(vm)
        assert world.domain.live.disks == (disk,)


def test_a_host_that_attaches_nothing_waits_for_a_restart() -> None:
    world, operator, vm = running(disks=disks())
    world.host = replace(world.host, attach=False)
    plan = operator.settle(changed(vm, disks=disks(LIMITS)))
    assert [change.field for change in plan.pending] == ["disks[root].limits"]


@pytest.mark.parametrize("part", [{"limits": LimitsConfig(iops=1)}, {"rotation_rate": 1}, {"discard": "ignore"}])
def test_the_fingerprint_of_a_spec_without_them_is_that_of_the_releases_before(part: dict[str, object]) -> None:
    assert spec_hash(PLAIN) == "76e8f7486712daee"
    (disk,) = PLAIN.disks
    assert spec_hash(replace(PLAIN, disks=(replace(disk, **part),))) != spec_hash(PLAIN)  # type: ignore[arg-type]
