"""The law: whatever others did, no definition of ours puts a disk on another file than the one it is on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.machine import SEED_NAME, VirtualMachine
from homeostat.planner.actions import Action, DefineDomain
from homeostat.planner.observed import RememberedActs
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, edits, flat, happen, machine, specs
from tests.unit.world import World

DISKS = {"disks": [{"name": "root", "size": "1Gi"}, {"name": "data", "size": "3Gi"}]}
STEPS = st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)) | st.just(DISKS), max_size=10)


def stays(world: World, _vm: VirtualMachine, action: Action, _memory: RememberedActs, _now: float) -> None:
    if not isinstance(action, DefineDomain) or world.domain is None:
        return
    on = {disk.name: disk.source for config in (world.domain.config, world.domain.live) if config for disk in config.disks}
    for disk in action.config.disks:
        if disk.device == "disk" and disk.name in on and disk.name != SEED_NAME:
            assert disk.source == on[disk.name], action.reason
    assert not action.moves


@given(specs(), STEPS)
def test_a_disk_stays_on_the_file_it_is_on(fields: Spec, steps: list[Spec | str]) -> None:
    world = World()
    operator = Operator(world, watch=stays)
    for step in [DISKS, *steps]:
        if isinstance(step, str) and not happen(world, step):
            continue
        fields = fields if isinstance(step, str) else {**fields, **step}
        world.obedient = True
        operator.settle(machine(**flat(fields)))
