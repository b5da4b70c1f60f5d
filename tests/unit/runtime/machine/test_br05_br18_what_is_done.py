"""What another machine has is waited for: nothing is started, attached or restarted for it, and what runs goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import ObservedPort
from tests.unit.driving import Operator
from tests.unit.machines import changed, machine, running
from tests.unit.operating import Shelf, WorldHost, a_reconciler, an_operator, at_work, settle, until
from tests.unit.runtime.machine.test_br05_br18_claims import MAC, forward, lan
from tests.unit.world import HOST, World

OTHERS = {f"mac:{MAC} on network default": "machine alpha"}


def test_br05_it_is_defined_and_does_not_start() -> None:
    world = World(others=OTHERS)
    outcome = Operator(world).settle(machine(name="beta", nics=lan())).outcome
    assert world.starts == 0
    message = f"nics[lan]: mac {MAC} on network default is taken by machine alpha: choose another mac"
    assert (outcome.reason, outcome.message) == ("MacTaken", message)
    world.others = {}
    assert Operator(world).settle(machine(name="beta", nics=lan())).outcome.reason == "Converged" or world.starts == 1


def test_br05_what_runs_already_goes_on_and_says_so() -> None:
    world, operator, vm = running(nics=lan())
    world.others = OTHERS
    plan = operator.settle(vm)
    assert (world.starts, plan.outcome.reason, operator.done) == (1, "MacTaken", [])


def test_br05_a_running_guest_is_given_no_nic_with_it_until_it_is_free() -> None:
    world, operator, vm = running()
    world.others = OTHERS
    vm = changed(vm, nics=lan())
    assert operator.settle(vm).outcome.reason == "MacTaken"
    assert not any(isinstance(action, act.AttachNic) for action in operator.done)
    assert plan_machine(vm, world.observe(vm, operator.memory), operator.now).actions == ()
    world.others = {}
    operator.settle(vm)
    assert [action.nic.mac for action in operator.done if isinstance(action, act.AttachNic)] == [MAC]


def test_br05_the_spec_asks_for_it_still_once_it_is_free() -> None:
    """It is no drift of others, which this policy would only report."""
    world, operator, vm = running(driftPolicy="Report")
    world.others = OTHERS
    vm = changed(vm, nics=lan())
    operator.settle(vm)
    world.others = {}
    operator.settle(vm)
    assert [action.nic.mac for action in operator.done if isinstance(action, act.AttachNic)] == [MAC]


async def test_br05_what_all_claim_is_taken_in_once_for_each_time_that_the_host_is_there() -> None:
    shelf, host = Shelf(*(machine(name=name) for name in "abc")), WorldHost()
    listed: list[type[Resource]] = []
    known = shelf.list

    async def list_(kind: type[Resource], namespace: str | None = None) -> Any:
        listed.append(kind)
        return await known(kind, namespace)

    shelf.list = list_  # type: ignore[method-assign]
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: len(operator.looked_at) == 3 and operator.queue.idle())
        assert listed == [VirtualMachine]
        for reachable in (False, True):
            host.world.host = replace(HOST, reachable=reachable)
            host.changed(None)
            await until(lambda: operator.queue.idle() and len(operator._machines.known) == 3)
        assert listed == [VirtualMachine] * 2


def test_br18_nobody_is_restarted_for_a_port_that_another_has() -> None:
    world, operator, vm = running(updatePolicy="Immediate")
    world.others = {"tcp:127.0.0.1:21301": "machine alpha"}
    vm = changed(vm, nics=[forward()])
    assert operator.settle(vm).outcome.reason == "PortTaken"
    assert world.starts == 1 and world.domain is not None and world.domain.active
    world.others = {}
    operator.settle(vm)
    assert world.starts == 2


def test_br18_nobody_is_restarted_for_a_port_that_a_program_has_or_an_address_that_the_host_lacks() -> None:
    for port, reason in ((ObservedPort("nginx (pid 7)"), "PortTaken"), (ObservedPort(), "AddressMissing")):
        world, operator, vm = running(updatePolicy="Immediate")
        world.ports = {"tcp:127.0.0.1:21301": port}
        vm = changed(vm, nics=[forward()])
        assert operator.settle(vm).outcome.reason == reason
        assert world.starts == 1 and world.domain is not None and world.domain.active
        world.ports = {}
        operator.settle(vm)
        assert world.starts == 2


async def test_br18_what_its_own_qemu_listens_on_is_not_asked_for_and_a_port_of_its_next_start_is() -> None:
    vm = machine(nics=[forward()])
    shelf, host = Shelf(vm), WorldHost()
    host.blocked = {21301: ObservedPort("nginx (pid 7)")}
    reconciler = a_reconciler(shelf, host)
    assert (await settle(reconciler, shelf, host, vm.key)).after == 30.0, "nothing tells of its being free"
    assert host.world.starts == 0 and "is taken by nginx (pid 7): choose another hostPort" in words(shelf, vm.key)
    host.blocked = {}
    await settle(reconciler, shelf, host, vm.key)
    assert host.world.starts == 1

    host.blocked = {21301: ObservedPort("qemu-system-x86 (pid 8)"), 21302: ObservedPort("nginx (pid 7)")}
    await settle(reconciler, shelf, host, vm.key)
    assert "taken" not in words(shelf, vm.key), "who listens there is itself"
    shelf.put(changed(vm, nics=[forward(21302)]))
    await settle(reconciler, shelf, host, vm.key)
    assert "21302/TCP on 127.0.0.1 is taken by nginx (pid 7)" in words(shelf, vm.key)


def words(shelf: Shelf, key: Key) -> str:
    found: Any = shelf.resources[key]
    return " ".join(condition.message for condition in found.status.conditions)
