"""A real guest by kubectl: it boots, answers HTTP at the address that its status tells, and goes with its namespace."""

from __future__ import annotations

import secrets

from tests.e2e.homeostat import guest
from tests.kubernetes.domains import site
from tests.kubernetes.operating import Object, wait_ready
from tests.kubernetes.things import machine
from tests.rig.guest import BOOT_TIMEOUT, GuestImage, fetch
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until


def leased(vm: Object) -> list[str]:
    return [address["ip"] for address in vm.get("status", {}).get("addresses", []) if address["source"] == "Lease"]


def test_it_serves_and_goes(crds: list[str], controllers: ControlPlane, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    namespace = f"t-{secrets.token_hex(4)}"
    controllers.kubectl("create", "namespace", namespace)
    kubectl = controllers.kubectl.within(namespace)
    with site(controllers, libvirtd) as place, place.operating():
        spec = guest(guest_image, f"homeostat.name={namespace}--web", disks=[{"name": "root", "size": "1Mi"}])
        kubectl.apply(machine(named="web", **spec))
        wait_ready(kubectl, "web")
        address = leased(kubectl.wait_for("vm", "web", leased, BOOT_TIMEOUT, "its address is told"))[0]
        wait_until(lambda: "web" in fetch(address), BOOT_TIMEOUT, "it answers")

        controllers.kubectl("delete", "namespace", namespace, "--timeout=60s")

        assert place.domains_of(namespace) == set()
        assert not place.disk(namespace, "web", "root").exists()
