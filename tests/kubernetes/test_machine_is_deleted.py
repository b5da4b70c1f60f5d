"""kubectl delete returns when the machine has really gone: shut down first, then its domain and its disks, as its spec says."""

from __future__ import annotations

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

GRACE = "homeostat.dev/grace-period-seconds"
DISKS = [{"name": "root", "size": "1Mi"}, {"name": "kept", "size": "1Mi", "reclaimPolicy": "Retain"}]


def test_its_domain_and_disks_are_gone_then(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    namespace = kubectl.namespace
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(machine(named="web", **idle(disks=DISKS)))
        wait_ready(kubectl, "web")
        disks = [place.disk(namespace, "web", name) for name in ("root", "kept")]
        assert [disk.exists() for disk in disks] == [True, True]
        assert place.state_of(f"{namespace}--web") == "running"

        kubectl("delete", "vm", "web", "--timeout=30s")

        assert f"{namespace}--web" not in place.domains()
        assert [disk.exists() for disk in disks] == [False, True]


def test_it_is_asked_to_shut_down_before_its_power_is_cut(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd
) -> None:
    """The API server says deletionGracePeriodSeconds: 0 of every custom resource; that must not cut its power."""
    domain = f"{kubectl.namespace}--web"
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(machine(named="web", **idle(shutdown={"gracePeriodSeconds": 600})))
        wait_ready(kubectl, "web")

        kubectl.delete("vm", "web")  # deaf to the power button, as it has no system
        deleted = kubectl.wait_for("vm", "web", lambda vm: vm["status"].get("state") == "Terminating")

        assert deleted["metadata"]["deletionGracePeriodSeconds"] == 0
        assert place.state_of(domain) == "running"

        kubectl("annotate", "vm", "web", f"{GRACE}=0")
        kubectl.wait_gone("vm", "web")
        wait_until(lambda: not place.domains_of(kubectl.namespace), 5, "its domain is gone")


def test_it_may_be_told_beforehand_to_cut_the_power(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd
) -> None:
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(machine(named="web", **idle(shutdown={"gracePeriodSeconds": 600})))
        wait_ready(kubectl, "web")

        kubectl("annotate", "vm", "web", f"{GRACE}=0")
        kubectl("delete", "vm", "web", "--timeout=20s")

        assert place.domains_of(kubectl.namespace) == set()
