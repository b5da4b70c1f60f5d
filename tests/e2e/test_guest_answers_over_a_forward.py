"""A guest on user-mode networking answers on the host's port; the status tells that address."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.waiting import free_port, wait_until


def test_the_host_port_leads_to_the_guest(town: Homeostat) -> None:
    assert town.image is not None
    port = free_port()
    nic = {"name": "user", "user": {"forwards": [{"hostPort": port, "guestPort": 80}]}}
    town.write("tunnel", guest(town.image, "homeostat.name=tunnel", nics=[nic]))
    town.start()
    town.wait_ready("tunnel")
    (address,) = town.status("tunnel").addresses
    assert (address.source, address.ip, address.port, address.guest_port) == ("Forward", "127.0.0.1", port, 80)
    wait_until(lambda: fetch(f"127.0.0.1:{port}"), BOOT_TIMEOUT, "the guest answers")
    assert fetch(f"127.0.0.1:{port}", "/hostname").strip() == "tunnel"
