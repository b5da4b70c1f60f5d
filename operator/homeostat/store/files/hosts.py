"""The hosts that the machines of a folder are spread over, as the last `up` named them. They outlive the index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from homeostat.models.explain import first_problem
from homeostat.store.errors import StateError

from .state import StateFolder


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One of them. ``served``: the last `up` named it. ``used``: a machine was placed on it, and may be there whatever an index
    says."""

    uri: Annotated[str, Field(min_length=1)]
    served: bool = True
    used: bool = False


_FILE = TypeAdapter(dict[str, KnownHost], config=ConfigDict(strict=True, extra="forbid"))


def read_hosts(room: StateFolder) -> dict[str, KnownHost]:
    """Returns the hosts by name. Empty where one host is served, and where the caller may not read the file.

    Raises:
        StateError: the file holds something else, or is none.
    """
    try:
        return _FILE.validate_json(room.hosts_file.read_bytes())
    except (FileNotFoundError, PermissionError):
        return {}
    except OSError as error:
        raise StateError(f"{room.hosts_file} cannot be read ({error.strerror}): put it back, or remove it") from error
    except ValidationError as error:
        raise StateError(
            f"{room.hosts_file} cannot be read ({first_problem(error, 'the file')}): it names the hosts and their libvirts, "
            'such as {"a": {"uri": "qemu:///system"}}; correct it, or put it back from a backup'
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
