"""A Homeostat per test, on the session's libvirtd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat
from tests.e2e.steps import Stage
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
def homeostat(libvirtd: Libvirtd) -> Iterator[Homeostat]:
    """Not started yet. Its machines are idle ones; see ``town`` for guests."""
    made = Homeostat(libvirtd)
    yield made
    made.close()


@pytest.fixture
def town(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Homeostat]:
    """Not started yet. Its machines may be real guests."""
    made = Homeostat(libvirtd, guest_image)
    yield made
    made.close()


@pytest.fixture(scope="module")
def stage(libvirtd: Libvirtd) -> Iterator[Stage]:
    """Where one machine is made, changed and deleted by operators that are killed at every step."""
    made = Stage(libvirtd)
    yield made
    made.close()
