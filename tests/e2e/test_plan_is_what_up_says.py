"""What a real host lacks, and what others on it have: `homeostat plan` says it in the words that `up` then has."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.homeostat import Homeostat, Spec, idle
from tests.rig.waiting import free_port


def forward(port: int, protocol: str = "TCP", address: str = "127.0.0.1") -> Spec:
    entry = {"hostPort": port, "guestPort": 80, "protocol": protocol, "hostAddress": address}
    return idle(nics=[{"name": "user", "user": {"forwards": [entry]}}])


def lan(**nic: str) -> Spec:
    return idle(nics=[{"name": "lan", **nic}])


@contextmanager
def held() -> Iterator[dict[str, int]]:
    """Ports that a program has which is not ours."""
    with ExitStack() as stack:
        found = {"local": stack.enter_context(socket.create_server(("127.0.0.1", 0)))}
        found["wide"] = stack.enter_context(socket.create_server(("0.0.0.0", 0)))
        found["six"] = stack.enter_context(socket.create_server(("::", 0), family=socket.AF_INET6))  # and nothing of IPv4
        found["udp"] = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        found["udp"].bind(("127.0.0.1", 0))
        yield {name: server.getsockname()[1] for name, server in found.items()}


@pytest.fixture
def sleepy(homeostat: Homeostat, tmp_path: Path) -> Iterator[str]:
    """A network that is not active."""
    (tmp_path / "net.xml").write_text("<network><name>sleepy</name></network>")
    homeostat.virsh("net-define", str(tmp_path / "net.xml"))
    yield "sleepy"
    homeostat.virsh("net-undefine", "sleepy")


def lasting(text: str) -> str:
    """Returns a text without what the host has of memory and bridges: a virtual host may be given more memory, or less, at any
    moment, and other tests make bridges."""
    return re.sub(r"(bridge.* name one of): .*", r"\1 another", re.sub(r"host local has \d+\w+", "host local has some", text))


def test_plan_says_what_up_says(homeostat: Homeostat, sleepy: str) -> None:
    with held() as ports:
        specs = {
            "forward": ("PortTaken", forward(ports["local"])),
            "everywhere": ("PortTaken", forward(ports["wide"])),
            "datagrams": ("PortTaken", forward(ports["udp"], "UDP")),
            "screen": ("PortTaken", idle(display={"vnc": {"port": ports["local"]}})),
            "elsewhere": ("AddressMissing", forward(free_port(), address="198.51.100.7")),
            "unknown": ("NetworkUnknown", lan(network="nowhere")),
            "asleep": ("NetworkNotActive", lan(network=sleepy)),
            "bridgeless": ("BridgeMissing", lan(bridge="hs-none")),
            "no-bridge": ("BridgeMissing", lan(bridge="lo")),
            "low": ("PortForbidden", forward(1)),
            "wide": ("TooManyVcpus", idle(resources={"vcpu": 512}, machine={"type": "pc"})),  # later ones of q35 take 4,096
            "pinned": ("MachineTypeMissing", idle(machine={"version": "99.9"})),
            "feature": ("CpuFeatureMissing", idle(resources={"cpu": {"features": ["nonsense"]}})),
            "model": ("CpuModelMissing", idle(resources={"cpu": {"model": "Nonsense"}})),
            "huge": ("InsufficientMemory", idle(resources={"memory": "64Ti"})),
        }
        fine = {"six": forward(ports["six"]), "other-protocol": forward(ports["udp"]), "plain": idle()}
        for name, spec in ({name: spec for name, (_, spec) in specs.items()} | fine).items():
            homeostat.write(name, spec)
        planned = json.loads(homeostat.run("plan", str(homeostat.folder), "-o", "json").stdout)["machines"]
        said = {machine["name"]: machine["outcome"] for machine in planned}
        assert {name: said[name]["reason"] for name in specs} == {name: reason for name, (reason, _) in specs.items()}
        assert f"(pid {os.getpid()})" in said["forward"]["message"]

        homeostat.start()
        homeostat.wait_ready(*fine)
        for name, (reason, _) in specs.items():
            found = homeostat.wait_condition(name, "Ready", reason, status="False")
            assert lasting(found.message) == lasting(said[name]["message"])
        again = json.loads(homeostat.run("plan", str(homeostat.folder), "-o", "json").stdout)["machines"]
        for machine in again:  # no port that our own QEMU has is another's
            known = said[machine["name"]]
            assert (machine["outcome"]["reason"], lasting(machine["outcome"]["message"])) == (
                known["reason"],
                lasting(known["message"]),
            )
