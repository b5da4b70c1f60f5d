"""What the last `up` of a state folder let machines have of their host: for the API that shares it, which has no such options."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from homeostat.planner.allowed import Allowed

from .state import StateFolder

_FILE = TypeAdapter(Allowed)


def say_allowed(room: StateFolder, allowed: Allowed) -> None:
    """Says what machines may have.

    Raises:
        ReadOnly: it cannot be written.
    """
    if said_allowed(room) != allowed:
        room.replace(room.allowed_file, _FILE.dump_json(allowed).decode() + "\n")


def said_allowed(room: StateFolder) -> Allowed | None:
    """Returns what machines may have. None: nobody said it, or it is not ours to read."""
    try:
        return _FILE.validate_json(room.allowed_file.read_bytes(), strict=True)
    except (OSError, ValidationError):
        return None
