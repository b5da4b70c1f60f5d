"""The words of the routes of networks."""

from __future__ import annotations

from homeostat.models.network import Network, NetworkSpec

from .http.kinds.kind_routes import KindWords
from .http.kinds.whole import Named
from .http.requests.spec_changes import SpecChanged
from .http.words import Words


class NewNetwork(Words):
    name: Named
    spec: NetworkSpec


class NetworkList(Words):
    networks: list[Network]


class NetworkSpecChanged(SpecChanged):
    spec: NetworkSpec


NETWORKS = KindWords(
    Network,
    NetworkSpec,
    NewNetwork,
    NetworkList,
    NetworkSpecChanged,
    tag="Networks",
    noun="network",
    made="It is written down; the operator brings it up.",
    shown="What it is, and on which hosts.",
    goes="It goes once no guest is plugged in.",
    deletion="409 while machines, deployments or plugins name it: details.used_by says which. An adopted network stays "
    "on its hosts.",
)
