"""Images are cleared away where others look after plugins, but none that a machine of another host names: caches are shared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path

import pytest

from homeostat.assembly import job as jobs
from homeostat.assembly.job import Job, JobConfig
from homeostat.driver.imagehost import ImageHost
from homeostat.driver.storage.storage import Storage
from homeostat.models.base import Key, Resource
from homeostat.models.kinds import STORED
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.store.errors import StoreError

OTHERS = "https://images.example/others.qcow2"
PLUGINS = "https://images.example/plugins.qcow2"


def made(kind: str, name: str, spec: dict[str, object]) -> Resource:
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return STORED[kind].model_validate(document)


THINGS = (
    made(VirtualMachine.KIND, "far", {"disks": [{"name": "root", "image": {"url": OTHERS}}]}),
    made(Plugin.KIND, "page", {"version": "1", "rootfs": {"url": PLUGINS}}),
)


class Store:
    """Tells a host's job of the plugin, and of no machine: the one that there is belongs to another host."""

    async def list(self, kind: type[Resource], namespace: str | None = None) -> Sequence[Resource]:
        return [thing for thing in THINGS if isinstance(thing, kind)]

    async def changes(self) -> AsyncIterator[Key]:
        yield THINGS[1].key
        await asyncio.Event().wait()


class Cache(ImageHost):
    """Notes what it is told to keep."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage, "")
        self.kept: set[str] = set()
        self.refused = ""
        self.asked = asyncio.Event()

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        try:
            self.kept = set(used())
        except StoreError as error:
            self.refused = str(error)
            raise
        finally:
            self.asked.set()
        return ()


async def pruned(folder: Path, fence: Callable[[], None] = lambda: None) -> Cache:
    storage = Storage(folder, None)
    cache, stop = Cache(storage), asyncio.Event()
    config = JobConfig("test", kinds=frozenset({VirtualMachine}), fence=fence)
    running = asyncio.create_task(Job(Store(), cache, config).run(stop))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(5):
            await cache.asked.wait()
    finally:
        stop.set()
        await running
        await storage.close()
    return cache


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PRUNE_EVERY", 0.01)


def test_what_others_name_is_kept(tmp_path: Path) -> None:
    cache = asyncio.run(pruned(tmp_path))
    assert len(cache.kept) == 2
    assert all(any(url in key for key in cache.kept) for url in (OTHERS, PLUGINS))


def test_nothing_is_removed_by_who_lost_the_lease(tmp_path: Path) -> None:
    def lost() -> None:
        raise StoreError("the lease is another's")

    assert asyncio.run(pruned(tmp_path, lost)).refused == "the lease is another's"
