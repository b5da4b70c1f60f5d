"""A host that is not served any more takes nothing, also as long as its status is the one that the last operator wrote."""

from __future__ import annotations

from pathlib import Path

from homeostat.driver.imagehost import FilesHost
from homeostat.driver.storage.storage import Storage
from homeostat.models.condition import find_condition
from tests.libvirt.spread import Spread, spread


def schedulable(site: Spread) -> str:
    host = site.host("b")
    said = find_condition(host.status.conditions, "Schedulable") if host is not None and host.status is not None else None
    return said.status if said is not None else ""


async def test_it_takes_nothing_from_the_start_on(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.start()
        await site.until(lambda: schedulable(site) == "True", "it takes machines")
        await site.stop()
        site.served = ["a"]
        site.start()
        site.operator._control(FilesHost(Storage(site.state, None), str(site.state), 0.0))  # nothing has run yet
        assert schedulable(site) == "True", "as the last operator said"
        assert {offer.name: offer.closed for offer in site.operator._placer.offers()} == {
            "a": "",
            "b": "is not served by any operator",
        }
