"""Which machines of a deployment answer on port 80, by the addresses that are reported of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.rig.guest import fetch

from ..desired import VM, numbered
from . import index

TIMEOUT = 5.0  # seconds for an answer; guests are emulated


def answering(state: Path, deployment: str) -> int:
    """How many; all where the index cannot be read now, as then nothing is known."""
    rows = index.rows(state)
    if rows is None:
        return 10**6
    found = [row for (kind, name), row in rows.items() if kind == VM and row.owned and numbered(deployment, name)]
    addresses = [address["ip"] for row in found for address in row.status.get("addresses", [])[:1]]
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(_answers, addresses))


def _answers(address: str) -> bool:
    with suppress(OSError):
        return bool(fetch(address, timeout=TIMEOUT))
    return False
