"""Where the file of a Disk was kept that is made again: it goes there, and nowhere else is a second one made. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.disk import Disk

from ..placement import SEVERAL_HOSTS, Demand, Offer, selector_of
from ..plan import Stalled, Waiting


def offers_with_file(disk: Disk, offers: Sequence[Offer]) -> tuple[Sequence[Offer], list[Demand]] | Waiting | Stalled | None:
    """Returns the hosts to choose from, and what else that asks for. None: no host has kept a file of that name.

    Hosts of one operator open the same files. Of those of several operators the Disk says by its hostSelector which it means.
    """
    meta = disk.metadata
    keeping = [offer for offer in offers if f"{meta.namespace}/{meta.name}" in offer.keeps]
    if not keeping:
        return None
    meant = [offer for offer in keeping if not selector_of(disk).unmet(offer.labels)] or keeping
    if len({offer.operator for offer in meant}) > 1:
        where = " and ".join(sorted(offer.name for offer in meant))
        mend = "say by spec.hostSelector which one is meant, such as kubernetes.io/hostname"
        return Stalled(SEVERAL_HOSTS, f"hosts {where} have each kept a file of a Disk of that name: {mend}")
    if len(meant) > 1:
        return meant, []
    if meant[0].closed and not selector_of(disk).unmet(meant[0].labels):
        name, why = meant[0].name, meant[0].closed
        mend = f"it goes there once that is over; if that host is lost for good, delete Host {name}, and the Disk is made anew"
        return Waiting("HostNotReady", f"the file of a Disk of its name was kept on host {name}, which {why}: {mend}")
    return offers, [Demand(f"the file of a Disk {meta.name} that went was kept, and", host=meant[0].name)]
