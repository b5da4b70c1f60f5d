"""The words of the routes of networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from homeostat.models.network import Network, NetworkSpec

from .http.spec_changes import SpecChanged
from .http.words import Words


class NewNetwork(Words):
    name: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    spec: NetworkSpec


class NetworkList(Words):
    networks: list[Network]


class NetworkGoing(Words):
    name: str
    status: Literal["deleting"]


class NetworkSpecChanged(SpecChanged):
    spec: NetworkSpec
