"""Machines and deployments of one name in two namespaces are two, also on the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import wait_ready
from tests.kubernetes.things import deployment, machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.namespaces import fresh_namespace
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

DISKS = [{"name": "root", "size": "1Mi"}]


@pytest.fixture
def other(plane: ControlPlane) -> Iterator[Kubectl]:
    """A second namespace."""
    with fresh_namespace(plane) as name:
        yield plane.kubectl.within(name)


def test_one_name_twice(crds: list[str], plane: ControlPlane, kubectl: Kubectl, other: Kubectl, libvirtd: Libvirtd) -> None:
    spaces = (kubectl, other)
    with site(plane, libvirtd) as place, place.operating():
        for space in spaces:
            replicas = deployment(named="farm", replicas=1, template={"spec": idle()})
            space.create(machine(named="web", **idle(disks=DISKS)), replicas)
        for space in spaces:
            wait_ready(space, "web", "farm-1")
            wait_ready(space, "farm", kind="vmd")

        namespaces = [space.namespace for space in spaces]
        names = [f"{namespace}--{name}" for namespace in namespaces for name in ("web", "farm-1")]
        assert place.domains_of(*namespaces) == set(names)
        assert len({place.rig.virsh("domuuid", name) for name in names}) == 4
        disks = [place.disk(space.namespace, "web", "root") for space in spaces]
        assert all(disk.exists() for disk in disks)

        other("delete", "vm/web", "vmd/farm", "--timeout=30s")
        other.wait_gone("vm", "farm-1")

        assert place.domains_of(*namespaces) == {name for name in names if name.startswith(kubectl.namespace)}
        assert [disk.exists() for disk in disks] == [True, False]
        wait_ready(kubectl, "web", "farm-1")
