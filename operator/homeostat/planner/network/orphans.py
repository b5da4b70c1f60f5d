"""Networks on a host that we made, and that no resource declares any more. They are shown, and left alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..orphans import NETWORK, Orphan
from .observed import ObservedNetwork


def find_orphaned_networks(instance: str, networks: Iterable[ObservedNetwork], known: Collection[str]) -> tuple[Orphan, ...]:
    """Finds the networks that we made and no Network declares. ``known``: the identities of all Networks."""
    found = []
    for network in networks:
        record = network.config.record
        if record is not None and record.instance == instance and record.uid not in known:
            found.append(Orphan(record.namespace, record.name, NETWORK, uuid=network.uuid, uid=record.uid, network=network.name))
    return tuple(sorted(found, key=lambda orphan: (orphan.namespace, orphan.name, orphan.uuid)))
