"""Names that follow from a Network's identity alone, so that they never change."""

from __future__ import annotations

import hashlib
import uuid

from homeostat.models.base import ObjectMeta
from homeostat.models.network import Network

# Any fixed uuid works. It must never change, because every network's uuid is derived from it.
_NETWORKS = uuid.UUID("0b7c8c33-43a7-4c0f-9b8e-0f5a1d0a6c57")


def network_uuid(uid: str) -> str:
    """Derives the libvirt network's uuid from the resource's uid: two networks for one Network cannot exist on a host."""
    return str(uuid.uuid5(_NETWORKS, uid))


def network_name(network: Network) -> str:
    """Returns libvirt's name of it: the adopted one's, or its own. As a domain's, it has the namespace before it where that is
    not default. With "--" in names that can be read in two ways. So the uuid and the record identify a network."""
    return network.spec.adopt or _own_name(network.metadata)


def _own_name(meta: ObjectMeta) -> str:
    return meta.name if meta.namespace == "default" else f"{meta.namespace}--{meta.name}"


def bridge_device(uid: str) -> str:
    """Derives the name of the network's bridge device, within the kernel's 15 characters."""
    return f"hs-{hashlib.sha256(uid.encode()).hexdigest()[:10]}"
