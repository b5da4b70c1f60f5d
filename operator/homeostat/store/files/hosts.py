"""The hosts that the machines of a folder are spread over, as the last `up` named them. They outlive the index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from homeostat.store.errors import StateError

from .state import StateFolder


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One of them. ``served``: the last `up` named it. ``used``: a machine was placed on it, and may be there whatever an index
    says."""

    uri: str
    served: bool = True
    used: bool = False


def read_hosts(room: StateFolder) -> dict[str, KnownHost]:
    """Returns the hosts by name. Empty where one host is served, and where the caller may not read the file.

    Raises:
        StateError: the file holds something else.
    """
    try:
        text = room.hosts_file.read_text()
    except OSError:
        return {}
    try:
        return {name: KnownHost(**values) for name, values in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"{room.hosts_file} cannot be read ({error}): it names the hosts and their libvirts, such as "
            '{"a": {"uri": "qemu:///system"}}'
        ) from error


def write_hosts(room: StateFolder, hosts: Mapping[str, KnownHost]) -> None:
    """Writes the hosts, where they differ.

    Raises:
        ReadOnly: the file cannot be written.
    """
    if hosts != read_hosts(room):
        room.replace(room.hosts_file, json.dumps({name: asdict(host) for name, host in hosts.items()}, indent=2) + "\n")


def served_hosts(room: StateFolder) -> dict[str, str]:
    """Returns the libvirts of the hosts that are served, by name. Raises StateError."""
    return {name: host.uri for name, host in read_hosts(room).items() if host.served}
