"""KVM is believed only on evidence: the device, the rights, the CPU's flags, and a guest that really boots."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from homeostat.driver.survey import kvm
from homeostat.driver.survey.kvm import BootResult, KvmVerdict, boot_guest, probe_kvm

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed")


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text("flags\t\t: fpu vmx sse2\n")
    return path


@needs_qemu
async def test_the_guest_comes_through_under_emulation() -> None:
    result = await boot_guest("tcg")
    assert result.finished, result
    assert result.reached == b"RELC"


async def test_no_device(tmp_path: Path) -> None:
    verdict = await probe_kvm(device=tmp_path / "kvm")
    assert not verdict.usable and verdict.how == "device"
    assert "switch on virtualization in the firmware" in verdict.message


async def test_a_device_without_the_cpu_flags_is_a_trap(tmp_path: Path, cpuinfo: Path) -> None:
    cpuinfo.write_text("flags : fpu sse2 hypervisor\n")
    (tmp_path / "kvm").touch()
    verdict = await probe_kvm(device=tmp_path / "kvm", cpuinfo=cpuinfo)
    assert not verdict.usable and verdict.how == "flags"
    assert "emulated (TCG)" in verdict.message


async def test_a_device_that_does_not_open(tmp_path: Path, cpuinfo: Path) -> None:
    (tmp_path / "kvm").mkdir()
    verdict = await probe_kvm(device=tmp_path / "kvm", cpuinfo=cpuinfo)
    assert not verdict.usable and "cannot be opened" in verdict.message


async def test_no_permission_says_what_to_do(tmp_path: Path, cpuinfo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kvm").touch(mode=0)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may open anything
    verdict = await probe_kvm(device=tmp_path / "kvm", cpuinfo=cpuinfo)
    assert not verdict.usable and verdict.how == "permission"
    assert "group kvm" in verdict.message


async def test_a_container_that_may_not_open_it_proves_nothing(
    tmp_path: Path, cpuinfo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kvm").touch()

    def refuse(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")  # as the kernel's device controller says, to root too

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    verdict = await probe_kvm(device=tmp_path / "kvm", cpuinfo=cpuinfo)
    assert verdict.usable and verdict.how == "unsettled"
    assert "from within this container" in verdict.message


@needs_qemu
async def test_a_guest_that_does_not_finish_settles_it(tmp_path: Path, cpuinfo: Path) -> None:
    """A stand-in for QEMU that hangs before the guest's last letter."""
    fake = tmp_path / "qemu"
    fake.write_text("#!/bin/sh\nprintf REL\nexec sleep 60\n")
    fake.chmod(0o755)
    result = await boot_guest("kvm", str(fake), limit=0.5)
    assert not result.finished and result.reached == b"REL"


@pytest.mark.parametrize(
    ("result", "usable", "says"),
    [
        (BootResult(True, b"RELC", 0.2, ""), True, "booted with KVM in 0.2 s"),
        (BootResult(False, b"REL", 10.0, ""), False, "came no further than plain computing in 10 s"),
        (BootResult(False, b"", 0.1, "qemu: failed to initialize kvm: Busy"), False, "QEMU said: qemu: failed"),
    ],
)
async def test_the_boot_is_the_last_word_and_kept(
    tmp_path: Path, cpuinfo: Path, monkeypatch: pytest.MonkeyPatch, result: BootResult, usable: bool, says: str
) -> None:
    (tmp_path / "kvm").touch()
    boots = []

    async def boot(accelerator: str, qemu: str) -> BootResult:
        boots.append(accelerator)
        return result

    monkeypatch.setattr(kvm, "boot_guest", boot)
    verdicts = [await probe_kvm(tmp_path, device=tmp_path / "kvm", cpuinfo=cpuinfo, qemu="sh") for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    assert (verdicts[0].usable, verdicts[0].how) == (usable, "boot")
    assert says in verdicts[0].message
    assert boots == ["kvm"]
    kept = json.loads((tmp_path / "kvm.json").read_text())
    (tmp_path / "kvm.json").write_text(json.dumps(kept | {"boot_id": "before"}))
    await probe_kvm(tmp_path, device=tmp_path / "kvm", cpuinfo=cpuinfo, qemu="sh")
    assert boots == ["kvm", "kvm"]


async def test_without_a_boot_it_says_so(tmp_path: Path, cpuinfo: Path) -> None:
    (tmp_path / "kvm").touch()
    verdict = await probe_kvm(device=tmp_path / "kvm", cpuinfo=cpuinfo, boot=False)
    assert verdict == KvmVerdict(True, "unsettled", verdict.message)
