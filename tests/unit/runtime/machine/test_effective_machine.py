"""A machine with its plugin's part, or why that cannot be known: one answer for everybody who asks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.placement import host_finalizer
from homeostat.planner.plan import Stalled
from homeostat.planner.template import FOLLOWS
from homeostat.runtime.engine.ports import Unreadable
from homeostat.runtime.machine.effective import Effective


class Store:
    def __init__(self, answer: Resource | Exception | None) -> None:
        self.answer, self.asked = answer, 0

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def plugin(**spec: Any) -> Plugin:
    body = {"version": "1", "kernel": {"path": "/boot/k"}, "resources": {"vcpu": 3}, **spec}
    return Plugin.model_validate({"metadata": {"name": "p"}, "spec": body})


def vm(**metadata: Any) -> VirtualMachine:
    return VirtualMachine.model_validate({"metadata": {"name": "a", **metadata}, "spec": {"pluginRef": {"name": "p"}}})


def ask(answer: Plugin | Exception | None, machine: VirtualMachine, new: bool = True) -> tuple[VirtualMachine, Stalled | None]:
    return asyncio.run(Effective(Store(answer)).machine(machine, new=new))


def test_it_has_what_its_plugin_gives() -> None:
    made, refusal = ask(plugin(), vm())
    assert made.spec.resources.vcpu == 3 and refusal is None


@pytest.mark.parametrize(
    ("order", "said"), [(["lan"], None), (["data", "lan"], None), (["dat"], "named 'dat'; did you mean data?")]
)
def test_a_new_one_boots_from_what_it_or_its_plugin_has(order: list[str], said: str | None) -> None:
    of, machine = plugin(disks=[{"name": "data", "size": "1Gi"}]), vm()
    machine = VirtualMachine.model_validate({**machine.dump(), "spec": {"pluginRef": {"name": "p"}, "boot": {"order": order}}})
    _, refusal = ask(of, machine)
    assert (refusal and refusal.reason) == (said and "BootOrderUnknown")
    assert refusal is None or (refusal.message.startswith("spec.boot.order: ") and refusal.message.endswith(str(said)))
    assert ask(of, machine, new=False)[1] is None  # one that is there goes on as it is


def test_one_of_a_deployment_has_all_of_that_already() -> None:
    made, refusal = ask(None, vm(annotations={FOLLOWS: "f"}))
    assert made.spec.resources.vcpu == 1 and refusal is None


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (None, "PluginNotFound", "there is no plugin 'p' in namespace default: add it, or name another"),
        (Unreadable("it is broken"), "PluginInvalid", "it is broken"),
        (plugin(enabled=False), "PluginDisabled", "plugin 'p' is disabled and makes no new machines"),
    ],
)
def test_what_refuses_it_is_said(answer: Plugin | Exception | None, reason: str, words: str) -> None:
    made, refusal = ask(answer, vm())
    assert made == vm() and refusal is not None
    assert refusal.reason == reason and refusal.message.startswith("spec.pluginRef: ") is (reason != "PluginDisabled")
    assert words in refusal.message
    deployment = VirtualMachineDeployment.model_validate(
        {"metadata": {"name": "d"}, "spec": {"replicas": 1, "template": {"spec": {"pluginRef": {"name": "p"}}}}}
    )
    _, _, refused = asyncio.run(Effective(Store(answer)).deployment(deployment))
    assert refused is not None and words in refused.message


def test_a_disabled_plugin_keeps_the_machines_that_are_there() -> None:
    off = plugin(enabled=False)
    assert ask(off, vm(), new=False)[1] is None
    assert ask(off, vm(deletionTimestamp="2026-01-01T00:00:00Z"))[1] is None


def test_each_plugin_is_read_once_for_one_look() -> None:
    store = Store(plugin())
    effective = Effective(store, once=True)
    for _ in range(3):
        asyncio.run(effective.machine(vm()))
    assert store.asked == 1


@pytest.mark.parametrize(
    ("before", "wanted", "refused"), [(None, 2, True), (0, 2, True), (2, 3, True), (2, 2, False), (3, 2, False)]
)
def test_br05_more_of_what_can_be_once_is_refused_also_where_there_are_too_many_already(
    before: int | None, wanted: int, refused: bool
) -> None:
    def of(replicas: int) -> VirtualMachineDeployment:
        spec = {"nics": [{"name": "lan", "network": "default", "mac": "52:54:00:11:22:33"}]}
        return VirtualMachineDeployment.model_validate(
            {"metadata": {"name": "d"}, "spec": {"replicas": replicas, "template": {"spec": spec}}}
        )

    had = None if before is None else of(before)
    assert bool(asyncio.run(Effective(Store(None)).too_many(had, of(wanted)))) is refused


def test_readers_are_shown_machines_with_it_and_all_else_as_it_is() -> None:
    effective = Effective(Store(plugin()))
    shown = asyncio.run(effective.shown(vm()))
    assert isinstance(shown, VirtualMachine) and shown.spec.resources.vcpu == 3
    assert asyncio.run(effective.shown(plugin())) == plugin()


SATURDAYS = {"schedule": "0 3 * * 6", "duration": "2h"}
SUNDAYS = {"schedule": "0 3 * * 0", "duration": "2h"}


def windows(spec: dict[str, Any], placed: bool, answer: Resource | Exception | None) -> list[str]:
    """The schedules of the windows that a machine has, of which ``placed`` says whether it is on host rack7."""
    meta = {"name": "a", "finalizers": [host_finalizer("rack7")] if placed else []}
    asked = VirtualMachine.model_validate({"metadata": meta, "spec": spec})
    made, refusal = asyncio.run(Effective(Store(answer)).whole(asked))
    assert refusal is None
    return [window.schedule for window in made.spec.maintenance_windows]


def test_a_machine_without_windows_has_those_of_its_host() -> None:
    host = Host.model_validate({"metadata": {"name": "rack7"}, "spec": {"maintenanceWindows": [SATURDAYS]}})
    asks: dict[str, Any] = {"updatePolicy": "Window"}
    assert windows(asks, True, host) == ["0 3 * * 6"]
    assert windows({**asks, "maintenanceWindows": [SUNDAYS]}, True, host) == ["0 3 * * 0"], "its own come first"
    assert windows({}, True, host) == [], "it asks for none"
    assert windows(asks, False, host) == [] and windows(asks, True, None) == []
    assert windows(asks, True, Unreadable("it is broken")) == [], "it waits"
