"""What rests on domains of a host, besides machines."""

from __future__ import annotations

from typing import NamedTuple


class DomainOf(NamedTuple):
    """A domain on our host, which a machine rests on."""

    uuid: str
