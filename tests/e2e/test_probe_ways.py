"""Every kind of probe against real guests: by a port forward, by the guest agent, by a command in the guest. What nobody serves
is not ready, and says so; what stops serving is restarted."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, Spec, guest
from tests.rig.guest import BOOT_TIMEOUT
from tests.rig.waiting import free_port

HTTP = {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 3}
STARTUP = {**HTTP, "failureThreshold": 90}


def forwarded(port: int, guest_port: int) -> list[Spec]:
    return [{"name": "user", "user": {"forwards": [{"hostPort": port, "guestPort": guest_port}]}}]


def test_forward_agent_and_command(town: Homeostat) -> None:
    """Four guests at once."""
    assert town.image is not None
    every = {
        "startup": {"guestAgentPing": {}, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 90},
        "liveness": {"exec": {"command": ["/bin/test", "-e", "/www/hostname"]}, "timeoutSeconds": 5},
        "readiness": {**HTTP},
    }
    deaf = {"readiness": {"tcpSocket": {"port": 81}, "periodSeconds": 1}}
    open = {"readiness": {"tcpSocket": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 5}}
    failing = {
        "startup": {"guestAgentPing": {}, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 90},
        "readiness": {"exec": {"command": ["/bin/false"]}, "periodSeconds": 1, "timeoutSeconds": 3},
    }
    town.write("every", guest(town.image, nics=forwarded(free_port(), 80), probes=every))
    town.write("deaf", guest(town.image, nics=forwarded(free_port(), 81), probes=deaf))
    town.write("open", guest(town.image, nics=forwarded(free_port(), 80), probes=open))
    town.write("failing", guest(town.image, probes=failing))
    town.start()

    town.wait_ready("every", "open", timeout=BOOT_TIMEOUT)
    healthy = town.condition("every", "Healthy")
    assert healthy is not None and (healthy.status, healthy.reason) == ("True", "ProbesPass")

    said = "/bin/false exited with 1"
    town.wait_for(lambda: (c := town.condition("failing", "Healthy")) and c.message == said, said, BOOT_TIMEOUT)
    said = "nobody listens behind this forward"
    town.wait_for(lambda: (c := town.condition("deaf", "Healthy")) and said in c.message, said, BOOT_TIMEOUT)
    for name in ("failing", "deaf"):
        ready, running = town.condition(name, "Ready"), town.condition(name, "Running")
        assert ready is not None and (ready.status, ready.reason) == ("False", "NotReadyYet")
        assert running is not None and running.status == "True", "readiness restarts nothing"
        assert town.status(name).restarts == 0


def test_a_guest_that_stops_serving_is_restarted(town: Homeostat) -> None:
    """In its first run only: what it did is on its disk."""
    assert town.image is not None
    once = "[ -e /mnt/data/ended ] || (sleep 6; touch /mnt/data/ended; sync; killall httpd) </dev/null >/dev/null 2>&1 &"
    town.write(
        "mortal",
        guest(
            town.image,
            "homeostat.data=/dev/vda",
            disks=[{"name": "data", "size": "16Mi"}],
            cloudInit={"userData": f"#!/bin/sh\n{once}\n"},
            probes={"startup": STARTUP, "liveness": {**HTTP, "failureThreshold": 2}, "readiness": HTTP},
            shutdown={"gracePeriodSeconds": 3},
        ),
    )
    town.start()
    town.wait_ready("mortal", timeout=BOOT_TIMEOUT)
    first = town.status("mortal").run
    town.wait_for(lambda: town.status("mortal").run not in (None, first), "it was restarted", BOOT_TIMEOUT)
    town.wait_ready("mortal", timeout=BOOT_TIMEOUT)
    assert town.status("mortal").restarts == 1
    assert town.count("mortal", "Started") == 2
    changes = [event.fields["status"] for event in town.events("mortal") if event.reason == "HealthChanged"]
    assert {"healthy", "unhealthy"} == set(changes) and town.count("mortal", "HealthChanged") == 3, town.events("mortal")
