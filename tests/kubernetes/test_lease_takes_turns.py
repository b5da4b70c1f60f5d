"""Two operators of one host: one acts, and when it dies, hangs or ends, the other one does, once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.kubernetes.domains import Site, idle, site
from tests.kubernetes.operating import LEASES, OperatorProcess, events_of, ready, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import ran

SERVES = "this operator serves host node"
TAKEOVER = 20.0  # seconds at most


@dataclass
class Pair:
    """``leader`` serves the host, ``standby`` waits."""

    place: Site
    leader: OperatorProcess
    standby: OperatorProcess

    def holder(self) -> str:
        spec = self.place.plane.kubectl.within(LEASES).get("lease", "homeostat-host-node")["spec"]
        return str(spec["holderIdentity"])

    def wait_taken_over(self) -> float:
        """Seconds that it took."""
        since = time.monotonic()
        self.standby.wait_said(SERVES, TAKEOVER)
        return time.monotonic() - since


@pytest.fixture
def pair(crds: list[str], plane: ControlPlane, libvirtd: Libvirtd) -> Iterator[Pair]:
    with site(plane, libvirtd) as place, contextlib.ExitStack() as both:
        leader = both.enter_context(place.operating())
        leader.wait_said(SERVES)
        standby = both.enter_context(place.operating())
        standby.wait_said("following")
        yield Pair(place, leader, standby)


def test_after_a_kill_the_other_one_takes_over(pair: Pair, kubectl: Kubectl) -> None:
    domain = f"{kubectl.namespace}--web"
    kubectl.create(machine(named="web", **idle(disks=[{"name": "root", "size": "1Mi"}])))
    wait_ready(kubectl, "web")
    running = pair.place.id_of(domain)
    assert SERVES not in pair.standby.said()

    pair.leader.kill9()
    kubectl.create(machine(named="next", **idle()))
    pair.wait_taken_over()
    wait_ready(kubectl, "next")

    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(pair.place.state), "-n", kubectl.namespace]
    shown = ran([*command, "get", "vm", "next"], env={**os.environ, "KUBECONFIG": str(pair.place.plane.kubeconfig)})
    assert "Running" in shown.stdout and "no operator is running" not in shown.stderr, "commands read what the other one knows"
    assert ready(kubectl.get("vm", "web"))
    assert pair.place.id_of(domain) == running
    assert [e["count"] for e in events_of(kubectl, "next") if e["reason"] == "Started"] == [1]
    assert [e["count"] for e in events_of(kubectl, "web") if e["reason"] == "Started"] == [1]


def test_one_that_wakes_up_late_does_nothing(pair: Pair, kubectl: Kubectl) -> None:
    """While it hangs the other one restarts a machine for a change. It then finds the news, and must leave all that alone."""
    domain = f"{kubectl.namespace}--web"
    kubectl.create(machine(named="web", **idle()))
    wait_ready(kubectl, "web")

    pair.leader.signal(signal.SIGSTOP)
    pair.wait_taken_over()
    kubectl.patch("vm", "web", {"spec": {"runStrategy": "Halted"}})
    kubectl.wait_for("vm", "web", lambda vm: vm["status"]["state"] == "Stopped")
    kubectl.create(machine(named="next", **idle()))
    wait_ready(kubectl, "next")
    holder = pair.holder()

    pair.leader.signal(signal.SIGCONT)
    pair.leader.wait_said("could not be renewed in time", times=2)  # the host's, and the controller's
    kubectl.patch("vm", "next", {"spec": {"runStrategy": "Halted"}})
    kubectl.wait_for("vm", "next", lambda vm: vm["status"]["state"] == "Stopped")

    assert pair.place.state_of(domain) == "shut off"
    assert pair.holder() == holder
    assert [e["count"] for e in events_of(kubectl, "next") if e["reason"] == "Started"] == [1]

    pair.standby.stop()  # and gives way
    pair.leader.wait_said(SERVES, times=2)
    kubectl.patch("vm", "next", {"spec": {"runStrategy": "Always"}})
    wait_ready(kubectl, "next")


def test_one_that_ends_gives_way_at_once(pair: Pair, kubectl: Kubectl) -> None:
    assert pair.leader.stop() == 0
    assert pair.wait_taken_over() < 12  # it looks every two seconds, a lease that expires takes fifteen
