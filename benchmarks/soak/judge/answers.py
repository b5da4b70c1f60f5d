"""Which machines of a deployment answer on port 80, by the addresses that were reported of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks.soak.desired import VM, VMD, numbered
from benchmarks.soak.judge import index
from tests.rig.guest import fetch

TIMEOUT = 5.0  # seconds for an answer; guests are emulated


class Answers:
    """Addresses are kept: a new index does not know them for a moment, and no status has them while libvirtd is away."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._known: dict[str, str] = {}

    def count(self, deployment: str) -> int | None:
        """None where nothing is known now: the index is away, or new and not filled yet."""
        rows = index.rows(self._state)
        if rows is None or (VMD, deployment) not in rows:
            return None
        machines = [name for kind, name in rows if kind == VM and numbered(deployment, name)]
        for name in machines:
            for address in rows[VM, name].status.get("addresses", [])[:1]:
                self._known[name] = address["ip"]
        addresses = {self._known[name] for name in machines if name in self._known}
        if not addresses:
            return None
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(_answers, addresses))


def _answers(address: str) -> bool:
    with suppress(OSError):
        return bool(fetch(address, timeout=TIMEOUT))
    return False
