"""An Image over several hosts of one folder: fetched and reported once, used by machines on each, and kept while any names it."""

from __future__ import annotations

from pathlib import Path

from homeostat.models.image import Image, ImageStatus
from tests.libvirt.spread import Spread, spread
from tests.libvirt.test_images_by_name import WEB, qcow2


def status(site: Spread) -> ImageStatus:
    rows = site.store.rows(Image.KIND)
    found = site.store.resource(rows[0]) if rows else None
    return (found.status if isinstance(found, Image) else None) or ImageStatus()


async def test_machines_of_all_hosts_start_from_it(tmp_path: Path) -> None:
    async with spread(tmp_path, "left", "right") as site:
        site.write("Image", "base", {"source": {"path": str(qcow2(tmp_path / "a.img"))}})
        for name in ("one", "two", "three"):
            site.write("VirtualMachine", name, WEB)
        site.start()
        await site.until(
            lambda: (found := status(site)) is not None and found.phase == "Ready" and found.users == 3, "it is Ready"
        )
        await site.until(lambda: sum(map(len, site.domains().values())) == 3 and site.ready("one", "two", "three"), "all run")
        site.remove("base")
        await site.until(lambda: any("InUse" in c.reason for c in status(site).conditions), "it waits")
        assert sum(map(len, site.domains().values())) == 3 and set(map(site.placed, ("one", "two", "three"))) == {"left", "right"}
