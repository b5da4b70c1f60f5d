"""Whatever is asked for and whatever happens, the loop comes to rest, and at rest it does nothing."""

from __future__ import annotations

from hypothesis import given

from homeostat.planner.plan import Converged, Stalled
from tests.unit.driving import Operator
from tests.unit.machines import STEPS, Spec, lived, specs
from tests.unit.world import World


@given(specs(), STEPS)
def test_the_loop_comes_to_rest_after_anything(fields: Spec, steps: list[Spec | str]) -> None:
    world = World()
    operator = Operator(world)
    for vm in lived(world, fields, steps):
        waits_forever = not world.obedient and vm.spec.shutdown.on_timeout == "Wait"
        if waits_forever:
            world.obedient = True
        plan = operator.settle(vm)
        assert isinstance(plan.outcome, Converged | Stalled), plan

        again = Operator(world, now=operator.now + 5000)  # remembers nothing
        assert again.plan(vm).actions == ()
        assert again.settle(vm).actions == () and again.done == []
