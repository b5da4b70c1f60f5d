"""A PostgreSQL of this run, and databases in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.rig.postgres import Postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    started = Postgres()
    yield started
    started.close()


@pytest.fixture
def name(server: Postgres) -> Iterator[str]:
    """Yields the name of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    server.run(f"CREATE DATABASE {name}")
    yield name
    server.run(f"DROP DATABASE {name} WITH (FORCE)")
