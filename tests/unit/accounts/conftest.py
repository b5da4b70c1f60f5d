from __future__ import annotations

import pytest

from homeostat.accounts.signing_in.passwords import Passwords


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Returns what hashes as fast as can be: tests hash many."""
    return Passwords(iterations=1, memory=8, at_once=4)
