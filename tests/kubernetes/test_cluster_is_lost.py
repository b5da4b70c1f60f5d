"""Where another cluster answers at the same address, as after a disaster without a backup, an operator ends and says why."""

from __future__ import annotations

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import SOON, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until


def test_an_operator_leaves_a_cluster_that_is_another_one(libvirtd: Libvirtd) -> None:
    with ControlPlane() as plane, site(plane, libvirtd) as place:
        install_crds(plane)
        with operating(plane, place.state, "--host", "node", uri=libvirtd.uri) as operator:
            plane.kubectl.create(machine(named="lost", **idle()))
            wait_ready(plane.kubectl, "lost")
            run = place.id_of("lost")

            plane.lose_everything()

            wait_until(lambda: not operator.runs, SOON, "the operator has ended")
            assert "If this cluster took the place of that one, write" in operator.said()
            assert operator.stop() == 1
        assert place.id_of("lost") == run, "its guest runs on"
