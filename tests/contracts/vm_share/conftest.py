"""One server for all tests of the contract, with a server that verifies reCAPTCHA's answers and takes feedback; and a fresh user
for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.api.people import settle
from tests.contracts.served import served
from tests.contracts.vm_share.lab import Elsewhere, Lab, Student, configured, elsewhere

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def outside() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        yield found


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, outside: Elsewhere) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("lab")
    settle(root / "state")
    with served(root, "vm-share", "--config", str(configured(root, outside))) as found:
        lab = Lab(found, outside)
        lab.furnish()
        yield lab


@pytest.fixture
def login() -> str:
    return f"student-{next(_numbers)}"


@pytest.fixture
def student(lab: Lab, login: str) -> Iterator[Student]:
    """Somebody who has just registered."""
    found = lab.register(login)
    yield found
    found.post("/logout")


@pytest.fixture
def other(lab: Lab, login: str) -> Iterator[Student]:
    """Somebody else."""
    found = lab.register(f"{login}-other")
    yield found
    found.post("/logout")
