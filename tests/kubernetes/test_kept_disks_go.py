"""Disks that a stateful deployment kept of machines scaled away: the host that has them removes them, whoever controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.domains import Site, idle, site
from tests.kubernetes.operating import OperatorProcess, message_of, operating, wait_ready
from tests.kubernetes.things import deployment
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

AWAY = 60.0  # seconds until a host counts as served by nobody


class Kept:
    """`db-2` was scaled away, and its disk is still there."""

    def __init__(self, place: Site, kubectl: Kubectl, host: OperatorProcess) -> None:
        self.kubectl, self.host = kubectl, host
        self.disk = place.disk(kubectl.namespace, "db-2", "data")

    def delete(self) -> None:
        self.kubectl("delete", "vmd", "db", "--wait=false")

    def wait_gone(self) -> None:
        wait_until(lambda: "db" not in {vmd["metadata"]["name"] for vmd in self.kubectl.list("vmd")}, AWAY, "vmd/db is gone")


@pytest.fixture
def kept(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd, tmp_path: Path) -> Iterator[Kept]:
    with site(plane, libvirtd) as place, operating(plane, tmp_path / "state", "--host-selector", "of=nobody") as controller:
        controller.wait_said("this operator is the controller now")
        with place.operating() as host:
            template = {"spec": idle(disks=[{"name": "data", "size": "1Mi"}])}
            strategy = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
            kubectl.create(deployment("db", replicas=2, stateful=True, strategy=strategy, template=template))
            wait_ready(kubectl, "db", kind="vmd")
            kubectl("scale", "vmd", "db", "--replicas=1")
            wait_until(lambda: len(kubectl.list("vm")) == 1, AWAY, "db-2 is gone")
            found = Kept(place, kubectl, host)
            assert found.disk.exists()
            yield found


def test_by_the_host_that_has_them(kept: Kept) -> None:
    kept.delete()
    kept.wait_gone()
    assert not kept.disk.exists()
    assert not kept.disk.parent.exists()


def test_a_host_that_is_away_is_waited_for_and_can_be_given_up(kept: Kept) -> None:
    kept.kubectl("scale", "vmd", "db", "--replicas=0")
    wait_until(lambda: kept.kubectl.list("vm") == [], AWAY, "all machines are gone")
    kept.host.kill9()
    kept.delete()
    waiting = kept.kubectl.wait_for("vmd", "db", lambda vmd: "no operator serves" in message_of(vmd, "Ready"), AWAY)
    assert "on host node, which no operator serves" in message_of(waiting, "Ready")

    kept.kubectl("annotate", "vmd", "db", "homeostat.dev/abandon=true")

    kept.wait_gone()
    assert kept.disk.exists()
