"""What a machine needs and its host lacks is named with its field, hinders nobody else, and is noticed when it comes."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.waiting import free_port

LOOK_AGAIN = 90.0  # seconds: what is missing on a host is looked for every 30, and a busy machine starts a guest slowly
LATE = f"hs-{os.getpid()}"  # of this run alone: others may run on the same computer


def forward(port: int) -> list[dict[str, Any]]:
    return [{"name": "user", "user": {"forwards": [{"hostPort": port, "guestPort": 80}]}}]


def test_a_port_that_another_program_has(homeostat: Homeostat) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        homeostat.write("blocked", idle(nics=forward(port)))
        homeostat.write("free", idle())
        homeostat.start()
        homeostat.wait_ready("free")
        waiting = homeostat.wait_condition("blocked", "Reconciling")
        homeostat.wait_for(lambda: f"{port}" in message(homeostat, "blocked"), "the port is named")
        assert waiting.reason == "PortTaken"
        assert f"(pid {os.getpid()}): choose another hostPort" in message(homeostat, "blocked"), waiting
    homeostat.wait_ready("blocked", timeout=LOOK_AGAIN)


def test_a_port_that_another_machine_has(homeostat: Homeostat) -> None:
    port = free_port()
    homeostat.write("first", idle(nics=forward(port)))
    homeostat.start()
    homeostat.wait_ready("first")
    homeostat.write("second", idle(nics=forward(port)))
    homeostat.wait_condition("second", "Reconciling", "PortTaken")
    assert f"nics[user]: host port {port}/TCP on 127.0.0.1 is taken by machine first" in message(homeostat, "second")
    homeostat.edit("second", lambda spec: spec.update(nics=forward(free_port())))
    homeostat.wait_ready("first", "second")


def test_bridge_and_memory(homeostat: Homeostat) -> None:
    homeostat.write("bridged", idle(nics=[{"name": "lan", "bridge": "hs-none"}]))
    homeostat.write("huge", idle(resources={"memory": "64Ti"}))
    homeostat.write("plain", idle())
    homeostat.start()
    homeostat.wait_ready("plain")
    homeostat.wait_condition("bridged", "Reconciling", "BridgeMissing")
    assert "`ip link add hs-none type bridge`" in message(homeostat, "bridged")
    stalled = homeostat.wait_condition("huge", "Stalled", "InsufficientMemory")
    assert stalled.message.startswith("resources.memory is 64Ti, but host local has ")
    homeostat.edit("huge", lambda spec: spec.update(resources={"memory": "32Mi"}))
    homeostat.wait_ready("huge")


def test_a_network_that_is_started_later(homeostat: Homeostat) -> None:
    homeostat.virsh("net-destroy", "default")
    homeostat.write("offline", idle(nics=[{"name": "lan", "network": "default"}]))
    homeostat.start()
    homeostat.wait_condition("offline", "Reconciling", "NetworkNotActive")
    assert "start it with `virsh net-start default`" in message(homeostat, "offline")
    homeostat.virsh("net-start", "default")
    homeostat.wait_ready("offline")


def test_a_change_that_waits_for_a_bridge_takes_no_machine_down(homeostat: Homeostat) -> None:
    for name, policy in (("at-once", "Immediate"), ("later", "OnNextBoot")):
        homeostat.write(name, idle(nics=[{"name": "lan", "network": "default"}], updatePolicy=policy))
    homeostat.start()
    homeostat.wait_ready("at-once", "later")
    runs = {name: homeostat.virsh("domid", name) for name in ("at-once", "later")}
    for name in runs:
        homeostat.edit(name, lambda spec: spec.update(nics=[{"name": "lan", "bridge": LATE}]))
        homeostat.wait_condition(name, "Reconciling", "BridgeMissing")
        assert homeostat.condition(name, "RestartRequired")
    planned = homeostat.run("plan", str(homeostat.folder)).stdout
    assert planned.count(f"BridgeMissing: nics[lan]: host local has no bridge '{LATE}'") == 2, planned
    assert {name: homeostat.virsh("domid", name) for name in runs} == runs
    with bridge(LATE):
        homeostat.wait_ready("at-once", timeout=LOOK_AGAIN)
        assert homeostat.virsh("domid", "at-once") != runs["at-once"] and homeostat.virsh("domid", "later") == runs["later"]


@contextmanager
def bridge(name: str) -> Iterator[None]:
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


def message(homeostat: Homeostat, name: str) -> str:
    condition = homeostat.condition(name, "Ready")
    return condition.message if condition else ""
