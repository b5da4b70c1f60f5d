"""Which hosts of a cluster the operators on a state folder serve, and by which libvirt: for the API that shares it.

Each operator says it in its own room. What an operator said that has ended stays there: it counts only while the host's own
status names that operator.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from .state import StateFolder

_FILE = TypeAdapter(
    dict[Annotated[str, Field(min_length=1)], dict[str, Annotated[str, Field(min_length=1)]]], config=ConfigDict(strict=True)
)


def say_served(room: StateFolder, operator: str, hosts: Mapping[str, str]) -> None:
    """Says which libvirts ``operator`` serves, by the names of their hosts.

    Raises:
        ReadOnly: it cannot be written.
    """
    room.replace(room.serving_file, json.dumps({operator: dict(hosts)}) + "\n")


def libvirt_beside(state: StateFolder, host: str, operator: str) -> str | None:
    """Returns the libvirt of a host that ``operator`` serves. None: that operator is not on this state folder."""
    for said in _rooms(state):
        if host in said.get(operator, {}):
            return said[operator][host]
    return None


def hosts_beside(state: StateFolder) -> frozenset[str]:
    """Returns the hosts that operators on this state folder serve, or served last."""
    return frozenset(host for said in _rooms(state) for hosts in said.values() for host in hosts)


def _rooms(state: StateFolder) -> Iterator[Mapping[str, Mapping[str, str]]]:
    for room in (state, *map(StateFolder, sorted(state.standby_rooms.glob("*")))):
        try:
            yield _FILE.validate_json(room.serving_file.read_bytes())
        except (OSError, ValidationError):  # there is none, or it is not ours to read
            continue
