"""What manifests/overlays/per-host lets the operator's container do is enough for a machine's whole life on real QEMU: root with
a few capabilities, no new privileges, and a root file system that nobody writes to."""

from __future__ import annotations

from pathlib import Path

import httpx
import yaml

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.test_disk_is_downloaded import fetched, leftovers
from tests.rig.waiting import free_port, wait_until

OPERATOR = Path(__file__).parents[2] / "manifests/overlays/per-host/operator.yaml"


def container(homeostat: Homeostat) -> list[str]:
    """A program that runs another one as that container would."""
    spec = yaml.safe_load(OPERATOR.read_text())["spec"]["template"]["spec"]
    security = spec["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert spec["securityContext"]["runAsUser"] == 0 and security["capabilities"]["drop"] == ["ALL"]
    kept = ",".join(["-all", *(f"+{name.lower()}" for name in security["capabilities"]["add"])])
    writable = [homeostat.state, homeostat.rig.socket.parent]
    mounts = [f"mount --bind {folder} {folder}" for folder in writable]
    script = " && ".join(["mount --make-rprivate /", *mounts, "mount -o remount,bind,ro /", 'exec "$@"'])
    confined = ["setpriv", f"--bounding-set={kept}", "--inh-caps=-all", "--no-new-privs"]
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        *confined,
        "env",
        f"TMPDIR={homeostat.state}",
        "PYTHONDONTWRITEBYTECODE=1",
    ]


def test_a_machine_is_made_changed_and_removed(homeostat: Homeostat) -> None:
    homeostat.state.mkdir(mode=0o710)
    homeostat.write("web", idle(cloudInit={"userData": "#cloud-config"}, disks=[{"name": "data", "size": "8Mi"}]))
    homeostat.start(prefix=container(homeostat))
    homeostat.wait_ready("web")
    disk = homeostat.disk("web", "data")
    assert disk.owner() == "libvirt-qemu", "QEMU has it while it runs"

    homeostat.edit("web", lambda spec: spec.update(disks=[{"name": "data", "size": "16Mi"}]))
    homeostat.wait_for(lambda: homeostat.count("web", "GrowDisk") == 1, "a disk that is in use is grown")
    homeostat.edit("web", lambda spec: spec.update(runStrategy="Halted"))
    homeostat.wait_for(lambda: homeostat.state_of("web") == "shut off", "it is off")
    homeostat.edit("web", lambda spec: spec.update(disks=[{"name": "data", "size": "24Mi"}]))
    homeostat.wait_for(lambda: homeostat.count("web", "GrowDisk") == 2, "one that is not is grown")

    homeostat.write("other", idle(runStrategy="Halted"))  # a folder without any YAML would be taken for a mistake
    homeostat.remove("web")
    homeostat.wait_gone("web")
    assert not disk.parent.exists()
    assert homeostat.stop() == 0


def test_disks_are_copied(homeostat: Homeostat, tmp_path: Path) -> None:
    """The API beside it (overlays/per-host-copies) has the same rights: with them a disk is copied that QEMU has, and one that
    nobody has."""
    homeostat.state.mkdir(mode=0o710)
    port = free_port()
    homeostat.write("web", idle(disks=[{"name": "data", "size": "8Mi"}]))
    homeostat.start("--bind", f"127.0.0.1:{port}", prefix=container(homeostat))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready("web")
        fetched(http, "vms/web/disks/data/export", tmp_path / "on")
        homeostat.edit("web", lambda spec: spec.update(runStrategy="Halted"))
        homeostat.wait_for(lambda: homeostat.state_of("web") == "shut off", "it is off")
        fetched(http, "vms/web/disks/data/export", tmp_path / "off")
    assert leftovers(homeostat) == []
