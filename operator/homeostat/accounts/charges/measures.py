"""What is counted of what accounts have, and how amounts of it are written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from homeostat.models.quantity import format_quantity, parse_quantity

from ..errors import NotAQuota

AMOUNT_MAX = 2**62
UNLIMITED = "unlimited"
DEFAULT: Final = "default"


class Measure(StrEnum):
    """What is counted. ``charges`` has a column for each."""

    MACHINES = "machines"
    RUNNING = "running"
    VCPUS = "vcpus"
    MEMORY = "memory"
    DISK = "disk"
    SNAPSHOTS = "snapshots"
    UPLOADS = "uploads"
    CONSOLES = "consoles"


IN_BYTES = frozenset({Measure.MEMORY, Measure.DISK})

Amounts = Mapping[Measure, int]
NOTHING: Amounts = {}
NewLimit = int | None | Literal["default"]
"""A limit; None: there is none; default: whatever the role has."""


def shown(measure: Measure, amount: int | None) -> str:
    """Returns an amount for people."""
    if amount is None:
        return UNLIMITED
    return format_quantity(amount) if measure in IN_BYTES else str(amount)


def limit_from(measure: Measure, text: str) -> NewLimit:
    """Reads a limit as people write it: 10, 64Gi, unlimited, default.

    Raises:
        NotAQuota: it is none.
    """
    if text == UNLIMITED:
        return None
    if text == DEFAULT:
        return DEFAULT
    try:
        amount = parse_quantity(text) if measure in IN_BYTES else int(text)
    except ValueError:
        such = "64Gi" if measure in IN_BYTES else "10"
        raise NotAQuota(
            f"{measure}: {text[:40]!r} is no limit", f"write a number such as {such}, {UNLIMITED} or {DEFAULT}"
        ) from None
    return checked(measure, amount)


def checked(measure: Measure, limit: int | None) -> int | None:
    """Returns a limit.

    Raises:
        NotAQuota: it is none.
    """
    if limit is not None and not 0 <= limit <= AMOUNT_MAX:
        raise NotAQuota(f"{measure}: {limit} is no limit", f"give one from 0 to {AMOUNT_MAX}")
    return limit
