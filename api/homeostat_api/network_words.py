"""The words of the routes of networks."""

from __future__ import annotations

from homeostat.models.network import Network, NetworkSpec

from .http.spec_changes import SpecChanged
from .http.whole import Named
from .http.words import Words


class NewNetwork(Words):
    name: Named
    spec: NetworkSpec


class NetworkList(Words):
    networks: list[Network]


class NetworkSpecChanged(SpecChanged):
    spec: NetworkSpec
