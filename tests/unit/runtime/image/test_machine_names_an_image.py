"""A machine and the Images that it names: what is missing is said, what comes wakes it, and a driver sees files alone."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.condition import STALLED
from homeostat.models.image import Image, ImageStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner import actions as act
from homeostat.planner.images import CHANGED
from homeostat.runtime.engine.ports import Unreadable
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, an_operator, at_work, settle, until

URL = "https://example.org/debian.qcow2"
SHA256 = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
NAMED = {"imageRef": {"name": "debian"}}
WEB = machine(disks=[{"name": "root", "image": NAMED}])
DEBIAN = Key(Image.KIND, "default", "debian")


def image(source: dict[str, Any] | None = None, name: str = "debian", **spec: Any) -> Image:
    document = {"source": source or {"url": URL, "sha256": SHA256}, **spec}
    return Image.model_validate({"metadata": {"name": name, "uid": f"uid-{name}", "generation": 1}, "spec": document})


def going(resource: Image) -> Image:
    gone = resource.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return resource.model_copy(update={"metadata": gone})


def why(shelf: Shelf, key: Key = WEB.key) -> tuple[str, str]:
    resource: Resource = shelf.resources[key]
    assert isinstance(resource, VirtualMachine | Image) and resource.status is not None
    return next((c.reason, c.message) for c in resource.status.conditions if c.type == "Ready")


async def test_a_driver_sees_the_file_that_it_stands_for() -> None:
    shelf, host = Shelf(WEB, image()), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    fetched = [action.image for action in host.done if isinstance(action, act.FetchImage)]
    assert [(ref.url, ref.sha256, ref.known_as) for ref in fetched] == [(URL, SHA256, "debian")]
    assert host.world.domain and host.world.domain.active
    created = next(action for action in host.done if isinstance(action, act.CreateDisk))
    assert created.backing is not None and created.backing.endswith(act.file_name(fetched[0].key))


@pytest.mark.parametrize(
    ("there", "reason", "words"),
    [
        (None, "ImageNotFound", "there is no image 'debian' in namespace default: add it, or name another"),
        (going(image()), "ImageBeingDeleted", "is being deleted: name another"),
        (image({"upload": {}}), "ImageNotUploaded", "homeostat image upload FILE debian"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_is_made(there: Image | None, reason: str, words: str) -> None:
    shelf, host = Shelf(WEB, *([there] if there else [])), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    assert why(shelf)[0] == reason and words in why(shelf)[1]
    assert host.done == [] and host.world.domain is None
    found = shelf.resources[WEB.key].status
    assert isinstance(found, VirtualMachineStatus)
    storage = next(c for c in found.conditions if c.type == "StorageReady")
    assert (storage.status, storage.reason) == ("False", reason)


async def test_one_that_cannot_be_read_touches_nothing_that_runs() -> None:
    shelf, host = Shelf(WEB, image()), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.done.clear()
    shelf.failing[DEBIAN] = Unreadable("spec.source: is none")
    await settle(reconciler, shelf, host, WEB.key)
    assert host.done == [] and host.world.domain and host.world.domain.active
    assert why(shelf) == ("ImageInvalid", "imageRef: spec.source: is none")


async def test_a_kernel_needs_one_that_is_taken_as_it_is() -> None:
    direct = machine(boot={"kernel": NAMED}, disks=[])
    shelf, host = Shelf(direct, image()), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, direct.key)
    assert why(shelf, direct.key)[0] == "ImageNotRaw" and "format: raw" in why(shelf, direct.key)[1]
    shelf.put(image(format="raw"))
    await settle(reconciler, shelf, host, direct.key)
    assert host.world.domain and host.world.domain.config and host.world.domain.config.kernel


async def test_one_that_names_another_file_by_now_makes_no_new_machine() -> None:
    conditions = [{"type": STALLED, "status": "True", "reason": CHANGED}]
    changed = image().model_copy(update={"status": ImageStatus.model_validate({"conditions": conditions})})
    shelf, host = Shelf(WEB, changed), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    assert why(shelf)[0] == CHANGED and host.done == []


async def test_a_machine_comes_up_as_soon_as_its_image_comes() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    async with at_work(operator := an_operator(shelf, host)):
        await until(lambda: WEB.key in operator.looked_at and operator.queue.idle(within=3600))
        assert why(shelf)[0] == "ImageNotFound"
        shelf.put(image())
        await until(lambda: host.world.starts == 1)


async def test_an_image_that_its_plugin_names_wakes_a_machine_too() -> None:
    from tests.unit.runtime.machine.test_reconcile_with_a_plugin import WEB as OF_PLUGIN
    from tests.unit.runtime.machine.test_reconcile_with_a_plugin import plugin

    shelf, host = Shelf(OF_PLUGIN, plugin(rootfs=NAMED)), WorldHost()
    async with at_work(operator := an_operator(shelf, host)):
        await until(lambda: OF_PLUGIN.key in operator.looked_at and operator.queue.idle(within=3600))
        assert why(shelf, OF_PLUGIN.key)[0] == "ImageNotFound" and host.world.domain is None
        shelf.put(image())
        await until(lambda: host.world.starts == 1)
