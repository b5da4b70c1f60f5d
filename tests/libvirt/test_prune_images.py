"""Images that nothing names go from the cache; what a spec, a disk or a domain refers to stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage import Storage
from homeostat.driver.storage.images import garbage
from homeostat.planner.actions import DefineDomain, ImageRef
from homeostat.planner.domain import KernelBoot
from tests.libvirt.hosts import isolated_uri, machine

NAMED = ImageRef("https://images.example/named.qcow2")


async def test_only_what_nothing_refers_to_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "MIN_AGE", -1.0)  # what was made just now counts as old
    storage = Storage(tmp_path, None)
    images = tmp_path / "images"
    images.mkdir()
    kernel, stale, named = images / "kernel.img", images / "stale.img", storage._images.path(NAMED.key)
    for path in (kernel, stale, named):
        path.write_bytes(b"an image")
    async with LibvirtHost(isolated_uri(tmp_path), storage=storage, storage_root=str(tmp_path)) as host:
        await host.execute(DefineDomain(replace(machine(), kernel=KernelBoot(str(kernel))), "test"))
        assert await host.prune_images(lambda: {NAMED.key}) == [str(stale)]
    assert kernel.exists() and named.exists() and not stale.exists()


async def test_nothing_is_removed_while_the_host_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "MIN_AGE", -1.0)
    (tmp_path / "images").mkdir()
    stale = tmp_path / "images" / "stale.img"
    stale.write_bytes(b"an image")
    uri = f"qemu+unix:///system?socket={tmp_path}/none"
    async with LibvirtHost(uri, storage=Storage(tmp_path, None), storage_root=str(tmp_path)) as host:
        assert await host.prune_images(set) == ()
    assert stale.exists()
