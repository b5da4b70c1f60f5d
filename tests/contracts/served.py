"""A server of one contract beside a real operator, on libvirt's test driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import ResourceStore
from tests.api.harness import DEADLINE
from tests.api.living import Living, living
from tests.rig.waiting import free_port, wait_until


@dataclass
class Served:
    """``http``: a client of the contract. ``real``: the same server's own API, and what is done to the host."""

    http: httpx.Client
    real: Living
    port: int
    images: Path

    def until(self, predicate: Any, what: str) -> Any:
        """Waits until something holds. A failure says what the machines' statuses say."""
        try:
            return wait_until(predicate, DEADLINE, what)
        except AssertionError as error:
            machines = self.real.api.where.run(_machines)
            lines = (f"{one.metadata.name}: {one.spec.run_strategy}, {one.status}" for one in machines)
            error.add_note("\n".join(lines))
            raise


async def _machines(store: ResourceStore) -> list[VirtualMachine]:
    return list(await store.list(VirtualMachine))


@contextmanager
def served(root: Path, contract: str, *options: str) -> Iterator[Served]:
    port = free_port()
    with (
        living(root, "--contract", f"{contract}=127.0.0.1:{port}", *options, beside=True) as real,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http,
    ):
        yield Served(http, real, port, real.images)
