"""Whatever is asked for and whatever happens, the loop comes to rest, and at rest it does nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.planner.plan import Converged, Stalled
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, edits, flat, happen, machine, specs
from tests.unit.world import World

STEPS = st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)), max_size=8)


@given(specs(), STEPS)
def test_the_loop_comes_to_rest_after_anything(fields: Spec, steps: list[Spec | str]) -> None:
    world = World()
    operator = Operator(world)
    for step in [{}, *steps]:
        if isinstance(step, str):
            if not happen(world, step):
                continue
        else:
            fields = {**fields, **step}
        vm = machine(**flat(fields))
        waits_forever = not world.obedient and vm.spec.shutdown.on_timeout == "Wait"
        if waits_forever:
            world.obedient = True
        plan = operator.settle(vm)
        assert isinstance(plan.outcome, Converged | Stalled), plan

        again = Operator(world, now=operator.now + 5000)  # remembers nothing
        assert again.plan(vm).actions == ()
        assert again.settle(vm).actions == () and again.done == []
