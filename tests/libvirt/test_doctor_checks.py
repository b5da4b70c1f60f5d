"""Each check of doctor says what it found, and where something is missing how to mend it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from homeostat.driver.storage.trash import TrashFolder
from homeostat.driver.survey import checks
from homeostat.driver.survey.checks import Check, check_trash, run_checks
from homeostat.driver.survey.hostview import HostView, NetworkView, read_host
from homeostat.driver.survey.kvm import KvmVerdict
from homeostat.planner.files.trash import Space

HOST = HostView("qemu:///system", domain_types=frozenset({"qemu", "kvm"}))


def named(found: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


async def test_the_test_driver_answers(tmp_path: Path) -> None:
    found = named(await run_checks("test:///default", tmp_path))
    assert found["libvirt"].ok, found["libvirt"]
    assert "test:///default: libvirt" in found["libvirt"].found
    assert found["state"].ok
    assert "KVM" not in found and "disk locks" not in found


async def test_a_missing_socket(tmp_path: Path) -> None:
    found = named(await run_checks(f"qemu+unix:///system?socket={tmp_path}/none", tmp_path, boot=False))
    assert found["libvirt"].ok is False and found["libvirt"].mend
    assert found["socket"].ok is False and f"{tmp_path}/none" in found["socket"].found
    assert found["qemu"].ok is None
    assert "network" not in found


async def test_a_daemon_that_hangs(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        host = await read_host(f"qemu+unix:///system?socket={path}", timeout=0.5)
    assert "did not answer within 0.5 s" in host.error
    assert "hangs" in checks.check_libvirt(host).mend


async def test_a_dead_daemons_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    host = await read_host(f"qemu+unix:///system?socket={path}")
    assert "refused" in host.error.lower()
    assert checks.check_libvirt(host).mend


def test_no_permission_names_the_group() -> None:
    found = checks.check_libvirt(HostView("qemu:///system", "cannot connect: Permission denied"))
    assert not found.ok and "usermod -aG libvirt" in found.mend


def test_useless_kvm_is_noted_not_failed() -> None:
    trap = KvmVerdict(False, "flags", "exists, but")
    assert checks.check_kvm(trap, HOST).ok is None
    assert "hide /dev/kvm" in checks.check_kvm(trap, HOST).mend
    assert checks.check_kvm(KvmVerdict(True, "boot", "booted"), HOST).ok
    late = checks.check_kvm(KvmVerdict(True, "boot", "booted"), HostView("qemu:///system", domain_types=frozenset({"qemu"})))
    assert late.ok is None and "restart libvirtd" in late.mend


def test_no_emulator() -> None:
    assert "qemu-system-x86" in checks.check_emulator(HostView("qemu:///system")).mend


def test_qemu_img_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = checks.check_qemu_img()
    assert found.ok is False and "qemu-utils" in found.mend


def test_a_state_folder_that_qemu_cannot_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "state").mkdir(parents=True)
    host = HostView("qemu:///system", qemu_user=(64055, 64055))
    os.chmod(closed, 0o700)
    found = checks.check_state(closed / "state", host)
    assert found.ok is False and "QEMU (uid 64055) cannot pass through" in found.found and "chmod o+x" in found.mend
    assert checks.check_state(closed / "state", HOST).ok  # QEMU runs as ourselves
    assert checks.check_state(closed / "state", HostView("qemu:///system", qemu_user=(0, 0))).ok


def test_a_read_only_file_system_is_not_a_matter_of_permissions(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", tmp_path], capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs: run as root, with CAP_SYS_ADMIN")
    try:
        found = checks.check_state(tmp_path / "state", HOST)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert found.ok is False and "read-only" in found.found and "remount,rw" in found.mend and "chown" not in found.mend


def test_space_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = []
    for free in (100 * 2**20, 2 * 2**30, 50 * 2**30):
        monkeypatch.setattr(checks, "free_bytes", lambda folder, free=free: free)
        verdicts.append(checks.check_space(tmp_path / "not" / "yet").ok)
    assert verdicts == [False, None, True]


def test_a_trash_that_will_not_last_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trash" / "e").mkdir(parents=True)
    (tmp_path / "trash" / "e" / "data.qcow2").write_bytes(b"x" * 5000)
    monkeypatch.setattr(TrashFolder, "space", lambda self: Space(50, 100))
    assert check_trash(tmp_path).ok is True
    monkeypatch.setattr(TrashFolder, "space", lambda self: Space(5, 100))
    found = check_trash(tmp_path)
    assert found.ok is None and "5 % of the file system is free, so the trash is erased soon, oldest first" in found.found


def test_networks() -> None:
    active = HostView("qemu:///system", networks=(NetworkView("default", True, True, "virbr0"),))
    assert checks.check_networks(active).ok and "default (virbr0)" in checks.check_networks(active).found
    idle = HostView("qemu:///system", networks=(NetworkView("default", False, False, "virbr0"),))
    assert "net-start default" in checks.check_networks(idle).mend and "net-define" not in checks.check_networks(idle).mend
    assert "net-define" in checks.check_networks(HOST).mend


def test_confinement() -> None:
    assert checks.check_confinement(HostView("qemu:///system", confinement=("apparmor", "dac"))).ok
    assert checks.check_confinement(HostView("qemu:///system", confinement=("dac",))).ok is None


@pytest.mark.parametrize(
    ("text", "ok"), [('#lock_manager = "lockd"\n', None), ('lock_manager = "lockd"\n', True), ('lock_manager = "nop"', None)]
)
def test_lock_manager(tmp_path: Path, text: str, ok: bool | None) -> None:
    conf = tmp_path / "qemu.conf"
    conf.write_text(text)
    assert checks.check_lock_manager(conf).ok is ok
    conf.unlink()
    assert "cannot be read" in checks.check_lock_manager(conf).found


def test_memory(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  4000000 kB\nMemAvailable:   100000 kB\n")
    assert checks.check_memory(meminfo).ok is None
    assert checks.check_memory().found.endswith("available")
