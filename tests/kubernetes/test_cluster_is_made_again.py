"""Where a cluster's data are lost and it is made again, it is another one to what runs on the hosts. A machine that names the
identity of one from before still goes where that one's domain is, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

ON_RACK = {"hostSelector": {"kubernetes.io/hostname": "rack"}}
RACK = ("--host", "rack")


def test_its_machines_go_where_their_domains_are(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd, tmp_path: Path
) -> None:
    with site(plane, libvirtd) as place:
        with ControlPlane() as lost:
            install_crds(lost)
            with operating(lost, place.state, *RACK, uri=libvirtd.uri) as operator:
                lost.kubectl("create", "namespace", kubectl.namespace)
                before = lost.kubectl.within(kubectl.namespace)
                before.create(machine(named="mail", **idle()))
                wait_ready(before, "mail")
                identity = before.get("vm", "mail")["metadata"]["uid"]
                operator.stop()  # and its cluster, with all that it knew
        domain = f"{kubectl.namespace}--mail"
        run = place.id_of(domain)
        cluster = plane.kubectl.get("namespace", "kube-system")["metadata"]["uid"]
        (place.state / "source").write_text(f"cluster {cluster}\n")  # as the operator says that it would not take otherwise

        with place.operating(*RACK), operating(plane, tmp_path / "aside", "--host", "aside"):
            ballast = machine(named="ballast", runStrategy="Halted", resources={"memory": "2Gi"}, **ON_RACK)
            kubectl.create(ballast)  # where it is, the next machine would not go
            wait_ready(kubectl, "ballast")
            again = machine(named="mail", **idle())
            again["metadata"]["annotations"] = {"homeostat.dev/identity": f"{kubectl.namespace}/mail/{identity}"}
            kubectl.create(again)
            wait_ready(kubectl, "mail")
            assert kubectl.get("vm", "mail")["status"]["host"] == "rack"
            assert place.id_of(domain) == run, "it runs on"
