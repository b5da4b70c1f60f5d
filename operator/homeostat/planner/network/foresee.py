"""What there will be on a host once the plan of a Network is carried out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import actions as act
from .observed import NetworkSeen, ObservedNetwork


def after(actions: Sequence[act.NetworkAction], networks: Mapping[str, ObservedNetwork]) -> Mapping[str, ObservedNetwork]:
    """Returns the networks of the host, by name. What is only updated while it is up stays as it was."""
    found = dict(networks)
    for action in actions:
        match action:
            case act.DefineNetwork(config):
                known = found.get(config.name) or ObservedNetwork(config.name, config.uuid, False, True, False, config)
                found[config.name] = replace(known, config=config, persistent=True)
            case act.SetNetworkAutostart(name):
                found[name] = replace(found[name], autostart=True)
            case act.StartNetwork(name):
                found[name] = replace(found[name], active=True, live=found[name].config)
            case act.DestroyNetwork(name) if found[name].persistent:
                found[name] = replace(found[name], active=False, live=None, torn=False)
            case act.DestroyNetwork(name) | act.UndefineNetwork(name):
                del found[name]
    return found


def once_gone(seen: NetworkSeen, networks: Mapping[str, ObservedNetwork]) -> NetworkSeen:
    """Returns what will be seen once there are these networks: the bridges of others have gone with them."""
    gone = {
        one.live.bridge for name, one in seen.networks.items() if name not in networks and one.live and one.live.mode != "bridge"
    }
    bridges, links = (None if known is None else known - gone for known in (seen.host.bridges, seen.host.links))
    routes = {subnet: device for subnet, device in seen.host.routes.items() if device not in gone}
    return replace(seen, networks=networks, host=replace(seen.host, bridges=bridges, links=links, routes=routes))
