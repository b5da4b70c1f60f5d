"""A server of one contract beside a real operator, on libvirt's test driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

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
        return wait_until(predicate, DEADLINE, what)


@contextmanager
def served(root: Path, contract: str, *options: str) -> Iterator[Served]:
    port = free_port()
    with (
        living(root, "--contract", f"{contract}=127.0.0.1:{port}", *options, beside=True) as real,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http,
    ):
        yield Served(http, real, port, real.images)
