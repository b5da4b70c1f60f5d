"""A Disk whose folder has gone, as where its file system is not mounted, waits for it, and goes on once it is back."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk
from homeostat.runtime.disk import reconcile
from tests.libvirt.site import Site, key_of, living


def reason(site: Site) -> str:
    row = site.store.index.row(key_of("kept", "Disk"))
    found = site.store.resource(row) if row else None
    ready = find_condition(found.status.conditions, "Ready") if isinstance(found, Disk) and found.status else None
    return ready.reason if ready else ""


async def test_it_is_not_made_again_and_found_when_it_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "FILE_POLL_SECONDS", 0.2)
    async with living(tmp_path) as site:
        site.write("Disk", "kept", {"size": "1Mi"})
        site.start()
        await site.until(lambda: reason(site) == "DiskReady", "it is made")
        (file,) = tmp_path.glob("**/disks/default/kept/disk.img")
        inode, aside = file.stat().st_ino, tmp_path / "not-mounted"
        file.parent.rename(aside)
        site.write("Disk", "kept", {"size": "2Mi"})
        await site.until(lambda: reason(site) == "DiskMissing", "it says so")
        aside.rename(file.parent)
        await site.until(lambda: reason(site) == "DiskReady", "it goes on")
        assert file.stat().st_ino == inode

        await site.stop()
        file.parent.rename(aside)
        site.start()
        await site.until(lambda: reason(site) == "DiskMissing", "the next operator says so, too")
        assert not file.exists()
