"""One server for all tests of the contract, and a fresh name for each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.contracts.qemu_manager.manager import Manager
from tests.contracts.served import served

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    with served(tmp_path_factory.mktemp("manager"), "qemu-manager") as found:
        yield Manager(found)


@pytest.fixture
def name() -> str:
    return f"machine-{next(_numbers)}"
