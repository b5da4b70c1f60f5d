"""updatePolicy Window over a real API server: a restart waits for the window of the machine's Host, and is made in it."""

from __future__ import annotations

from tests.e2e.test_maintenance_windows import UNTIL_IT_OPENS, later, soon
from tests.kubernetes.domains import Site, idle, site
from tests.kubernetes.operating import message_of, ready, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, Object
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


def memory_of(place: Site, domain: str) -> int:
    """What the running guest has, in KiB."""
    lines = dict(line.split(":", 1) for line in place.rig.virsh("dominfo", domain).splitlines() if ":" in line)
    return int(lines["Max memory"].split()[0])


def waits(vm: Object) -> str:
    return message_of(vm, "RestartRequired")


def test_a_restart_waits_for_the_window_of_the_host(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd
) -> None:
    domain = f"{kubectl.namespace}--patient"
    with site(plane, libvirtd) as place, place.operating() as operator:
        kubectl.create(machine(named="patient", **idle(updatePolicy="Window")))
        wait_ready(kubectl, "patient")
        running = place.id_of(domain)

        kubectl.patch("vm", "patient", {"spec": {"resources": {"memory": "48Mi"}}})
        kubectl.wait_for("vm", "patient", lambda vm: "neither it nor its host has maintenanceWindows" in waits(vm))
        kubectl.patch("vmhost", "node", {"spec": {"maintenanceWindows": [later()]}})
        found = kubectl.wait_for("vm", "patient", lambda vm: "window that begins" in waits(vm))
        (change,) = found["status"]["changes"]
        assert (change["field"], change["new"], change["disruption"]) == ("resources.memory", "48Mi", "NeedsRestart")
        assert change["reason"] and ready(found), "it is as it was, and serves"
        assert (place.id_of(domain), memory_of(place, domain)) == (running, 32 * 1024)

        operator.kill9()  # who takes over knows of the window what the API server says
        _, window = soon()
        kubectl.patch("vmhost", "node", {"spec": {"maintenanceWindows": [window]}})
        operator.start()
        kubectl.wait_for(
            "vm", "patient", lambda vm: not waits(vm) and ready(vm), UNTIL_IT_OPENS, "it was restarted in the window"
        )
        assert place.id_of(domain) != running and memory_of(place, domain) == 48 * 1024
        started = kubectl.get("vm", "patient")["status"]["startedAt"]
        assert (
            started[11:16] >= f"{window['schedule'].split()[1]:0>2}:{window['schedule'].split()[0]:0>2}" or started[11:13] == "00"
        )

        running = place.id_of(domain)
        kubectl.patch("vmhost", "node", {"spec": {"maintenanceWindows": None}})
        kubectl.patch("vm", "patient", {"spec": {"resources": {"memory": "40Mi"}}})
        kubectl.wait_for("vm", "patient", lambda vm: "neither it nor its host has maintenanceWindows" in waits(vm))
        assert place.id_of(domain) == running
