"""Whatever the umask, what the product writes for itself can be read by its own user, and by QEMU's group where QEMU needs it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from homeostat.driver.survey import kvm
from tests.rig.waiting import free_port, wait_until
from tests.unit.images import blob

NODE = """<node><cpu><mhz>1</mhz><model>m</model><active>1</active><nodes>1</nodes><sockets>1</sockets><cores>1</cores>
<threads>1</threads></cpu><memory>4194304</memory></node>"""
DOCUMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {{name: {name}}}
spec:
  resources: {{memory: 64Mi}}
  disks:
    - {{name: root, size: 1Mi, image: {{path: {image}}}, reclaimPolicy: Delete}}
  cloudInit: {{userData: "#cloud-config"}}
"""
IMAGE_MODE = 0o444  # images hold what everybody may fetch; QEMU reads them as another user


@pytest.fixture
def wide_open() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def files(root: Path) -> dict[str, int]:
    found = {}
    for path in root.rglob("*"):
        if not path.is_symlink():
            found[str(path.relative_to(root))] = stat.S_IMODE(path.lstat().st_mode)
    return found


def test_security_15_files_are_private_whatever_the_umask(tmp_path: Path, wide_open: None) -> None:
    folder, state, port = tmp_path / "vms", tmp_path / "state", free_port()
    folder.mkdir()
    (tmp_path / "node.xml").write_text(NODE)
    (image := tmp_path / "disk.raw").write_bytes(blob(4096))
    for name in ("kept", "gone"):
        (folder / f"{name}.yaml").write_text(DOCUMENT.format(name=name, image=image))
    words = [
        "--state",
        str(state),
        "--connect",
        f"test://{tmp_path / 'node.xml'}",
        "up",
        str(folder),
        "--bind",
        f"127.0.0.1:{port}",
    ]
    run = subprocess.Popen([sys.executable, "-m", "homeostat.cli.main", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    api = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        wait_until(lambda: _runs(api, "kept") and _runs(api, "gone"), 60, "the machines run")
        assert api.delete("/api/v1/vms/gone").status_code == 204
        assert list((state / "trash").glob("*/label.json"))
        found = files(state)
    finally:
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=30)
    assert {"index.sqlite", "api.log", "operator.sock", "instance-id", "last-look", "machines/default/kept/created"} <= set(found)
    for name, mode in found.items():
        allowed = 0o750 if (state / name).is_dir() else 0o640
        assert mode & ~allowed == 0 or (name.startswith("images/") and mode == IMAGE_MODE), f"{name}: {mode:o}"
    assert stat.S_IMODE(state.stat().st_mode) & 0o007 == 0


def _runs(api: httpx.Client, name: str) -> bool:
    try:
        answer = api.get(f"/api/v1/vms/{name}")
    except httpx.TransportError:
        time.sleep(0.05)
        return False
    return answer.status_code == 200 and answer.json()["status"] == "running"


def test_security_15_the_verdict_on_kvm_is_private(tmp_path: Path, wide_open: None) -> None:
    (tmp_path / "kvm.json.partial").touch()  # left behind by an earlier version
    kvm._remember(tmp_path, kvm.KvmVerdict(False, "boot", "it was tried"))
    assert files(tmp_path) == {"kvm.json": 0o600}
