"""A screen that nothing listens for, on real QEMU: libvirt opens it, and no port of the host does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.guests.screen import open_screen
from homeostat.driver.host import LibvirtHost
from homeostat.planner.changes.changes import compare, compare_running
from homeostat.planner.domain import VncConfig
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def sockets(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {name.removeprefix("socket:[").removesuffix("]") for name in links if name.startswith("socket:")}


def listens(pid: int) -> bool:
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    return bool({line[9] for line in lines if line[3] == "0A"} & sockets(pid))


@pytest.mark.parametrize(("listen", "heard"), [(None, False), ("127.0.0.1", True)], ids=str)
async def test_it_is_opened_through_libvirt(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, listen: str | None, heard: bool
) -> None:
    config = replace(machine(libvirtd, guest_image), vnc=VncConfig(listen))
    await running(host, config)
    domain = host.domain(config.uuid)
    assert domain is not None and domain.config is not None and domain.live is not None and domain.pid is not None
    assert (domain.vnc is not None, listens(domain.pid)) == (heard, heard)
    assert domain.live.vnc == domain.config.vnc == VncConfig(listen)
    assert compare(domain.config, config) == compare_running(domain.live, config) == ()
    with open_screen(libvirtd.uri, config.uuid) as screen:
        screen.settimeout(10)
        assert screen.recv(12) == b"RFB 003.008\n"
