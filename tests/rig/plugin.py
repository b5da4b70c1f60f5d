"""Fixtures that run real parts: a private libvirtd, and the guest image."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.guest import GuestImage, build_guest_image
from tests.rig.libvirtd import Libvirtd


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    """A private libvirtd for the whole session; a test that kills it has to restart it (start() is enough)."""
    with Libvirtd() as rig:
        yield rig


@pytest.fixture(scope="session")
def guest_image(libvirtd: Libvirtd) -> GuestImage:
    """The small guest, built once per machine and copied to where libvirt-qemu can read it."""
    return build_guest_image(libvirtd.storage)
