"""One server for all tests of the contract, with an administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeostat.accounts.rights import Role
from tests.api.people import accounts
from tests.contracts.neptuned.neptune import Neptune, hashed
from tests.contracts.served import served


@pytest.fixture(scope="session")
def neptune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neptune]:
    root = tmp_path_factory.mktemp("neptuned")
    with accounts(root / "state") as known:
        known.add("root", Role.ADMINISTRATOR, hashed("root"))
    with served(root, "neptuned") as found:
        neptune = Neptune(found, root / "state")
        neptune.token = neptune.login("root")
        yield neptune


@pytest.fixture
def opened(neptune: Neptune) -> Iterator[Neptune]:
    """Registrations are open."""
    neptune.done("PATCH", "admin/config", {"registrations_open": True})
    yield neptune
    neptune.done("PATCH", "admin/config", {"registrations_open": False})
