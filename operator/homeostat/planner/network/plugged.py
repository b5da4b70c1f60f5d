"""A machine's nics, with each Network that they name as what it is on a host. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from homeostat.models.base import Key
from homeostat.models.machine_nics import NetworkRef, Nic
from homeostat.models.network import Network, NetworkMode

from .identity import network_name, network_uuid


class PluggedRef(NetworkRef):
    """A reference that was followed. ``uuid``: of the libvirt network; empty: an adopted one, which has any. ``bridge``: the
    host's bridge that the network is, which others may name as such."""

    uuid: str = ""
    bridge: str = ""


def networks_named(nics: Iterable[Nic], namespace: str) -> Iterator[Key]:
    """Yields the Networks that nics name."""
    for nic in nics:
        if nic.network_ref is not None:
            yield Key(Network.KIND, namespace, nic.network_ref.name)


def plugged(nics: tuple[Nic, ...], networks: Mapping[str, Network]) -> tuple[Nic, ...]:
    """Returns nics with libvirt's names of the Networks that they name, which are all in ``networks``, by name."""
    return tuple(_followed(nic, networks[nic.network_ref.name]) if nic.network_ref else nic for nic in nics)


def _followed(nic: Nic, network: Network) -> Nic:
    uuid = "" if network.spec.adopt else network_uuid(network.identity)
    bridge = network.spec.bridge if network.mode is NetworkMode.BRIDGE else None
    ref = PluggedRef(name=network.metadata.name, uuid=uuid, bridge=bridge or "")
    return nic.model_copy(update={"network": network_name(network), "network_ref": ref})
