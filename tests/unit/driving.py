"""An operator that drives a world as the runtime does, and can be killed between any two of its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.memory import healthy_in, keep_asking, note, recall
from homeostat.planner.observed import (
    RememberedActs,
)
from homeostat.planner.plan import Plan, Waiting
from tests.unit.world import World


class Killed(Exception):
    """The operator was killed."""


_times = count(1)


def _signed(action: Action) -> Action:
    """With the time in its record, as the runtime writes it."""
    match action:
        case act.DefineDomain(config=config) if config.record is not None:
            return replace(action, config=config.with_record(replace(config.record, written_at=f"{next(_times):09}")))
        case act.WriteRecord(record=record):
            return replace(action, record=replace(record, written_at=f"{next(_times):09}"))
    return action


class Operator:
    """Reconciles as the runtime does. ``watch`` is called before every action; ``lives`` is how many actions it carries out
    before it is killed; unless it ``signs``, the worlds of two operators can be compared."""

    def __init__(
        self,
        world: World,
        now: float = 1000.0,
        watch: Callable[[World, VirtualMachine, Action, RememberedActs, float], None] | None = None,
        lives: int | None = None,
        signs: bool = True,
    ) -> None:
        self.world, self.now, self.watch, self.lives, self.signs = world, now, watch, lives, signs
        self.memory = RememberedActs()
        self.done: list[Action] = []

    def plan(self, machine: VirtualMachine) -> Plan:
        observed = self.world.observe(machine, self.memory)
        if observed.host.reachable:
            self.memory = recall(self.memory, observed.domain, self.now)
        plan = plan_machine(machine, replace(observed, memory=self.memory), self.now)
        self.memory = keep_asking(self.memory, plan, self.now)
        return plan

    def reconcile(self, machine: VirtualMachine) -> Plan:
        """One plan, carried out."""
        plan = self.plan(machine)
        for action in plan.actions:
            if self.lives is not None and len(self.done) >= self.lives:
                raise Killed
            action = _signed(action) if self.signs else action
            if self.watch is not None:
                self.watch(self.world, machine, action, self.memory, self.now)
            self.world.apply(action)
            self.memory = note(self.memory, action, self.now)
            self.done.append(action)
        self.now += 0.01
        return plan

    def settle(self, machine: VirtualMachine, passes: int = 60) -> Plan:
        """Reconciles until there is nothing to do any more, and nothing is expected either.

        Raises:
            AssertionError: that does not happen.
        """
        quiet = 0
        for _ in range(passes):
            plan = self.reconcile(machine)
            if self.world.released:
                return plan
            moved = self.world.tick()
            if plan.actions or moved:
                quiet = 0
                continue
            quiet += 1
            waits = plan.outcome.after if isinstance(plan.outcome, Waiting) else None
            if quiet == 3 or waits is None:
                return plan
            self.now += waits
        raise AssertionError(f"no rest after {passes} plans; the last: {plan}")

    def pass_time(self, machine: VirtualMachine, seconds: float) -> None:
        """Reconciles when the plan says to look again, for so long."""
        end = self.now + seconds
        while True:
            plan = self.reconcile(machine)
            self.world.tick()
            if plan.actions:
                continue
            waits = [plan.outcome.after if isinstance(plan.outcome, Waiting) else None, healthy_in(self.memory, self.now)]
            due = self.now + min((w for w in waits if w is not None), default=seconds)
            if due >= end:
                self.now = end
                return
            self.now = due + 0.001
