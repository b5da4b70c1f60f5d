"""An operator as manifests/overlays/central runs it: a user without a name or any capability, of QEMU's group, for a libvirt that
it reaches over the network, on files that both have by the same path."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.domains import Site, idle, site
from tests.kubernetes.manifests import NAMESPACE, workloads
from tests.kubernetes.operating import PATIENT, SOON, clear, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.remote import over_the_network
from tests.rig.waiting import ended, wait_until

ROOT = Path(__file__).parents[2]
LABEL = {"homeostat.dev/served-by": "central"}


@contextlib.contextmanager
def share_of(sites: contextlib.AbstractContextManager[Site]) -> Iterator[Site]:
    """A site whose state is in a volume."""
    with sites as place:
        place.state = place.root / "share" / "state"
        yield place


def pods_user(place: Site) -> list[str]:
    """A program that runs another one with the rights of the overlay's pod."""
    security = workloads("central")["homeostat-operator"]["spec"]["template"]["spec"]["securityContext"]
    group = (
        shutil.which("getent")
        and subprocess.run(["getent", "group", "libvirt-qemu"], capture_output=True, text=True, check=True).stdout.split(":")[2]
    )
    assert security["supplementalGroups"] == [int(group)], "that of QEMU on Debian"
    share = place.state.parent
    share.mkdir()
    os.chown(share, 0, security["fsGroup"])  # as the root of a volume is
    share.chmod(0o2775)
    return [
        "setpriv", f"--reuid={security['runAsUser']}", f"--regid={security['runAsGroup']}", f"--groups={group}",
        "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
    ]  # fmt: skip


def reachable(prefix: list[str], place: Site) -> tuple[list[str], list[str], dict[str, str]]:
    """What changes the user, the Python to run then, and what it needs in its environment. A clone below /root is closed to other
    users: it is shown to that process alone at a place that they reach."""
    if subprocess.run([*prefix, sys.executable, "-c", "import homeostat"], capture_output=True, check=False).returncode == 0:
        return prefix, [sys.executable], {}
    shown = place.root / "clone"
    shown.mkdir()
    show = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"']
    prefix = [*show, str(ROOT), str(shown), *prefix]
    python = str(shown / Path(sys.executable).relative_to(ROOT)) if Path(sys.executable).is_relative_to(ROOT) else sys.executable
    environment = {"PYTHONPATH": f"{shown / 'operator'}:{shown / 'api'}"}
    tried = subprocess.run([*prefix, python, "-c", "import homeostat"], capture_output=True, check=False, env=environment)
    if tried.returncode != 0:
        pytest.skip(f"other users cannot run {sys.executable}: {tried.stderr.decode()[-200:]}")
    return prefix, [python], environment


@contextlib.contextmanager
def central_operator(plane: ControlPlane, place: Site) -> Iterator[Path]:
    """Its log."""
    prefix, python, environment = reachable(pods_user(place), place)
    log = place.root / "operator.log"
    config = place.root / "kubeconfig"
    shutil.copy(plane.kubeconfig, config)
    shutil.copy(plane.certificate, place.root)
    config.write_text(config.read_text().replace(str(plane.certificate), str(place.root / plane.certificate.name)))
    for path in (config, place.root / plane.certificate.name):
        path.chmod(0o644)
    command = [*python, "-m", "homeostat.cli.main", "operator", "--kubeconfig", str(config), "--state", str(place.state)]
    with contextlib.suppress(Exception):
        plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*prefix, *command, "--host-selector", "homeostat.dev/served-by=central"],
            stdout=output,
            stderr=output,
            env={"PATH": os.environ["PATH"], "HOME": str(place.root), **environment},
        )
    try:
        yield log
        running.terminate()
        assert ended(running, SOON) == 0
    except BaseException as error:
        error.add_note(log.read_text(errors="replace")[-6000:])
        raise
    finally:
        running.kill()
        running.wait()
        clear(plane)


def test_a_machine_lives_on_a_host_elsewhere(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    with (
        share_of(site(plane, libvirtd)) as place,
        over_the_network(libvirtd.socket) as port,
        central_operator(plane, place) as log,
    ):
        host = thing("Host", "rack7.example.org", {"uri": f"qemu+tcp://127.0.0.1:{port}/system"})
        host["metadata"]["labels"] = LABEL
        plane.kubectl.apply(host)
        spec = idle(disks=[{"name": "data", "size": "8Mi"}], cloudInit={"userData": "#cloud-config"})
        kubectl.apply(machine("web", **spec))
        wait_ready(kubectl, "web")

        web = kubectl.get("vm", "web")
        domain = f"{kubectl.namespace}--web"  # other tests of this API server may have left a web of theirs, which is placed too
        assert domain in place.domains()
        assert (web["status"]["host"], place.state_of(domain)) == ("rack7.example.org", "running")
        disk = place.disk(kubectl.namespace, "web", "data")
        assert disk.owner() == "libvirt-qemu"

        kubectl("patch", "vm/web", "--type=merge", "-p", '{"spec":{"runStrategy":"Halted"}}')
        wait_until(lambda: place.state_of(domain) == "shut off", SOON, "it is off")
        kubectl("delete", "vm/web", PATIENT)
        assert domain not in place.domains() and not disk.parent.exists()
        assert "Traceback" not in log.read_text()
