"""A machine and its plugin: what is missing is said, what comes wakes it, and what goes waits for the last user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.kinds import STORED
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner import actions as act
from homeostat.runtime.engine.ports import Unreadable
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.plugin.reconcile import IN_USE_POLL_SECONDS, PluginReconciler
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, an_operator, at_work, settle, until

IMAGE = "https://example.org/app.qcow2"
WEB = machine(pluginRef={"name": "app"})
APP = Key(Plugin.KIND, "default", "app")


def plugin(name: str = "app", **spec: Any) -> Plugin:
    document = {"version": "1", "rootfs": {"url": IMAGE}, "resources": {"memory": "300Mi"}, **spec}
    made = STORED[Plugin.KIND].model_validate({"metadata": {"name": name, "uid": f"uid-{name}"}, "spec": document})
    assert isinstance(made, Plugin)
    return made


def going(resource: Plugin) -> Plugin:
    gone = resource.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return resource.model_copy(update={"metadata": gone})


def condition(resource: Resource, kind: str = "Ready") -> tuple[str, str, str]:
    assert isinstance(resource, VirtualMachine | Plugin) and resource.status is not None
    return next(((c.status, c.reason, c.message) for c in resource.status.conditions if c.type == kind), ("", "", ""))


async def test_a_machine_waits_for_its_plugin_and_comes_up_when_that_comes() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    assert condition(shelf.resources[WEB.key])[1] == "PluginNotFound" and host.done == []
    shelf.put(plugin())
    await settle(reconciler, shelf, host, WEB.key)
    assert host.world.domain and host.world.domain.config and host.world.domain.config.memory == 300 * 2**20


async def test_a_plugin_that_cannot_be_read_is_said_and_touches_nothing_that_runs() -> None:
    shelf, host = Shelf(WEB, plugin()), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.done.clear()
    shelf.failing[APP] = Unreadable("spec.rootfs: is no image")
    await settle(reconciler, shelf, host, WEB.key)
    assert host.done == [] and host.world.domain and host.world.domain.active
    assert condition(shelf.resources[WEB.key])[1:] == ("PluginInvalid", "spec.pluginRef: spec.rootfs: is no image")


async def test_a_disabled_plugin_makes_no_new_machine_and_keeps_those_there_are() -> None:
    shelf, host = Shelf(WEB, plugin(enabled=False)), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    assert condition(shelf.resources[WEB.key])[1] == "PluginDisabled" and host.world.domain is None
    shelf.put(plugin())
    await settle(reconciler, shelf, host, WEB.key)
    shelf.put(plugin(enabled=False))
    host.world.crash()
    await settle(reconciler, shelf, host, WEB.key)
    assert host.world.starts >= 1 and condition(shelf.resources[WEB.key])[1] != "PluginDisabled"


async def test_a_plugin_wakes_those_that_are_made_from_it_and_nobody_else() -> None:
    shelf, host = Shelf(WEB, plugin()), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: {WEB.key, APP} <= set(operator.looked_at) and operator.queue.idle(within=60))
        assert operator.dependencies.resting_on(APP) == [WEB.key]
        assert operator.dependencies.resting_on(Key(Plugin.KIND, "default", "other")) == []
        shelf.put(machine())
        await until(lambda: operator.dependencies.resting_on(APP) == [])
        shelf.put(WEB)
        await until(lambda: operator.dependencies.resting_on(APP) == [WEB.key])
        shelf.drop(WEB.key)
        await until(lambda: operator.dependencies.resting_on(APP) == [])


async def test_a_machine_comes_up_as_soon_as_its_plugin_comes() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        # Nothing but its coming can end that.
        await until(lambda: WEB.key in operator.looked_at and operator.queue.idle(within=3600))
        assert condition(shelf.resources[WEB.key])[1] == "PluginNotFound"
        shelf.put(plugin())
        await until(lambda: host.world.starts == 1)


# The plugin itself


async def test_a_plugin_has_its_images_fetched_and_says_so() -> None:
    shelf, host, images = Shelf(plugin()), WorldHost(), ImageUse()
    reconciler = PluginReconciler(shelf, host, images)  # type: ignore[arg-type]
    await reconciler.reconcile(plugin())
    assert [type(a) for a in host.done] == [act.FetchImage]
    assert images.knows([APP]) and len(images.in_use()) == 1
    found = shelf.resources[APP]
    assert isinstance(found, Plugin)
    await reconciler.reconcile(found)
    assert condition(shelf.resources[APP])[:2] == ("True", "ImagesReady")
    assert condition(shelf.resources[APP], "ImagesReady") == ("True", "ImagesReady", "")
    assert condition(shelf.resources[APP], "Enabled")[:2] == ("True", "Enabled")
    written = len(shelf.statuses)
    again = shelf.resources[APP]
    assert isinstance(again, Plugin)
    await reconciler.reconcile(again)
    assert len(shelf.statuses) == written and len(host.done) == 1


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_plugin_whose_host_is_away_waits(enabled: bool) -> None:
    shelf, host = Shelf(plugin(enabled=enabled)), WorldHost()
    host.world.host = replace(host.world.host, reachable=False, error="the link is cut")
    step = await PluginReconciler(shelf, host, ImageUse()).reconcile(plugin(enabled=enabled))  # type: ignore[arg-type]
    assert step.after is None and host.done == []
    assert condition(shelf.resources[APP]) == ("False", "HostUnreachable", "the link is cut")
    assert condition(shelf.resources[APP], "Enabled")[0] == str(enabled)
    assert condition(shelf.resources[APP], "Reconciling")[0] == "True"


async def test_a_deleted_plugin_goes_with_its_last_user() -> None:
    gone = going(plugin())
    shelf, host = Shelf(WEB, gone, machine(name="other", pluginRef={"name": "app"}, namespace="elsewhere")), WorldHost()
    reconciler = PluginReconciler(shelf, host, ImageUse())  # type: ignore[arg-type]
    step = await reconciler.reconcile(gone)
    assert step.after == IN_USE_POLL_SECONDS and shelf.released == []
    assert condition(shelf.resources[APP])[1:] == ("InUse", "used by vm/web: it goes with the last")
    assert condition(shelf.resources[APP], "ImagesReady")[:2] == ("True", "ImagesReady")  # they are for its last machines
    found = shelf.resources[APP]
    assert isinstance(found, Plugin) and found.status and found.status.machines == 1
    shelf.drop(WEB.key)
    assert await reconciler.reconcile(gone) is GONE
    assert shelf.released == [APP] and (APP, "Deleted") in shelf.told


async def test_a_plugin_counts_the_machines_that_come_and_go() -> None:
    shelf, host = Shelf(plugin()), WorldHost()
    operator = an_operator(shelf, host)

    def counted() -> int:
        found = shelf.resources[APP]
        return found.status.machines if isinstance(found, Plugin) and found.status else -1

    async with at_work(operator):
        await until(lambda: counted() == 0)
        shelf.put(WEB)
        await until(lambda: counted() == 1)
        assert APP in operator.looked_at
        shelf.put(machine())  # it is made from none any more
        await until(lambda: counted() == 0)
        shelf.put(WEB)
        await until(lambda: counted() == 1)
        gone = WEB.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
        shelf.put(WEB.model_copy(update={"metadata": gone}))
        await until(lambda: counted() == 0)
