"""The rig itself: a guest boots to HTTP, lives through kill -9 of libvirtd, and powers off when asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.guest import GuestImage, domain_xml, facts, fetch, wait_for_http
from tests.rig.libvirtd import Libvirtd, kvm_usable
from tests.rig.waiting import wait_until


@pytest.fixture
def guest(libvirtd: Libvirtd, guest_image: GuestImage, tmp_path: Path) -> Iterator[str]:
    name = "rig-guest"
    definition = tmp_path / "domain.xml"
    definition.write_text(domain_xml(libvirtd, guest_image, name))
    libvirtd.virsh("define", str(definition))
    libvirtd.virsh("start", name)
    yield name
    libvirtd.start()
    libvirtd.virsh("destroy", name, check=False)
    libvirtd.virsh("undefine", name)


def test_a_guest_survives_libvirtd_and_shuts_down_when_asked(libvirtd: Libvirtd, guest: str) -> None:
    address = wait_for_http(libvirtd, guest)
    before = facts(address)
    assert (before["hostname"], before["vcpus"]) == (guest, 1)

    libvirtd.kill9()
    assert guest in fetch(address), "the guest runs on without libvirtd"
    libvirtd.start()
    assert libvirtd.virsh("domstate", guest).strip() == "running"
    assert facts(address)["uptime"] > before["uptime"], "the same boot, not a new one"

    libvirtd.virsh("shutdown", guest)
    wait_until(lambda: "shut off (shutdown)" in libvirtd.virsh("domstate", guest, "--reason"), 30, "a clean power off")


def test_kvm_is_offered_only_where_it_works(libvirtd: Libvirtd) -> None:
    assert ("<domain type='kvm'>" in libvirtd.virsh("capabilities").replace('"', "'")) == kvm_usable()
