"""Whether KVM is of use here. The device alone proves nothing: under nested virtualization it may exist and hang.

Cheap evidence comes first (the device, the rights on it, the CPU's flags). A tiny guest that really boots decides the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ..storage.paths import write_private
from .scratch import scratch_folder

log = logging.getLogger(__name__)

BOOT_LIMIT = 10.0  # seconds; with working KVM, and under TCG too, the guest is done in 0.2
MEMORY_MIB = 32
DISK_SIZE = 1 << 20  # bytes; SeaBIOS does not boot from a disk smaller than a cylinder

# Our guest is a boot sector for SeaBIOS. It reports over the serial port how far it came, and ends QEMU itself.
# The loop takes 10 ms on a CPU that runs the guest, and longer than BOOT_LIMIT on one that interprets it.
_GUEST = bytes.fromhex(
    "fa 31c0 8ed8 8ec0 8ed0 bc007c"  # cli; ds = es = ss = 0; sp = 0x7c00
    "b052 e86100"  # put 'R': real mode
    "b441 bbaa55 b280 cd13 fa"  # int 0x13, ah 0x41: is there EDD? (where Linux hangs under useless KVM)
    "b045 e85200"  # put 'E'
    "bf0010 31c0 b90018 fc f3ab"  # clear the page tables at 0x1000-0x3fff
    "c70600100320 c70600200330 c70600308300"  # one 2 MiB page, mapped to itself
    "66b800100000 0f22d8"  # cr3 = 0x1000
    "0f20e0 0c20 0f22e0"  # cr4: physical address extension
    "66b9800000c0 0f32 80cc01 0f30"  # the model-specific register EFER: long mode
    "660f0116a87c"  # lgdt
    "0f20c0 660d01000080 0f22c0"  # cr0: protection and paging
    "ea777c0800"  # jump to 64-bit code
    "baf803 ee c3"  # put: al to the serial port; return
    "b04c 66baf803 ee"  # 'L': long mode
    "b900000001 ffc9 75fc"  # count down from 2**24
    "b043 ee"  # 'C': counted
    "66baf400 b010 ee f4 ebfd"  # 0x10 to isa-debug-exit: QEMU ends with code 0x21; else halt
    "8d742600 0000000000000000 00000000009a2000"  # padding; descriptors: null, 64-bit code
    "0f00987c0000"  # what lgdt loads: their length and address
)
_DONE = b"RELC"
_EXIT_CODE = 0x10 << 1 | 1  # as QEMU's isa-debug-exit makes it


@dataclass(frozen=True, slots=True)
class KvmVerdict:
    """Whether KVM can be used. ``how`` it is known: device, permission, flags, boot, or unsettled (nothing against it, but no
    guest was booted)."""

    usable: bool
    how: str
    message: str  # for people: what was found, and what to do where something can be done


async def probe_kvm(
    state: Path | None = None,
    *,
    boot: bool = True,
    device: Path = Path("/dev/kvm"),
    cpuinfo: Path = Path("/proc/cpuinfo"),
    qemu: str = "qemu-system-x86_64",
) -> KvmVerdict:
    """Judges KVM on this host. The boot's result is stored in ``state`` until the host boots again."""
    verdict = await asyncio.to_thread(_seen, device, cpuinfo)
    program = shutil.which(qemu)
    if verdict is not None:
        return verdict
    if not boot or program is None or not _is_x86():
        return KvmVerdict(True, "unsettled", f"{device} exists and may be used; no guest was booted to try it")
    verdict = _recall(state)
    if verdict is None:
        verdict = _judge(await boot_guest("kvm", program))
        _remember(state, verdict)
    return verdict


def _seen(device: Path, cpuinfo: Path) -> KvmVerdict | None:
    """Returns a verdict from what can be seen without running anything; None: nothing speaks against KVM."""
    if not device.exists():
        mend = "switch on virtualization in the firmware and load the module (modprobe kvm_intel or kvm_amd)"
        return KvmVerdict(False, "device", f"{device} does not exist; machines are emulated (TCG). To have KVM, {mend}")
    with contextlib.suppress(OSError):
        flags = set(cpuinfo.read_text().split())
        if _is_x86() and not flags & {"vmx", "svm"}:
            return KvmVerdict(
                False,
                "flags",
                f"{device} exists, but the CPU shows neither vmx nor svm: guests hang or crawl there (seen under nested "
                "virtualization), so machines are emulated (TCG). virtualization: KVM in a spec overrides this",
            )
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        if error.errno == errno.EPERM and os.geteuid() == 0:  # a container's rules for devices; libvirt's QEMU has others
            return KvmVerdict(True, "unsettled", f"{device} exists; it cannot be tried from within this container")
        if error.errno in (errno.EACCES, errno.EPERM):
            mend = "add the operator's user to the group kvm (usermod -aG kvm USER, then log in again)"
            return KvmVerdict(False, "permission", f"no permission to use {device}; {mend}, or run it as root")
        return KvmVerdict(False, "device", f"{device} cannot be opened ({error.strerror}); is the kvm module loaded?")
    return None


@dataclass(frozen=True, slots=True)
class BootResult:
    """The result of the tiny guest: ``reached`` is what it wrote, R E L C when it completed."""

    finished: bool
    reached: bytes
    seconds: float
    said: str  # QEMU's standard error


async def boot_guest(accelerator: str, qemu: str = "qemu-system-x86_64", limit: float = BOOT_LIMIT) -> BootResult:
    """Boots the guest above under ``accelerator`` (kvm or tcg) and gives it ``limit`` seconds."""
    with scratch_folder("kvm") as folder:
        disk = folder / "disk.img"
        _write_disk(disk)
        pipe = asyncio.subprocess.PIPE
        begun = asyncio.get_running_loop().time()
        child = await asyncio.create_subprocess_exec(
            *(qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"),
            *("-machine", f"q35,accel={accelerator}", "-m", str(MEMORY_MIB)),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-drive", f"file={disk},format=raw,if=ide"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
        assert child.stdout is not None and child.stderr is not None
        reached = bytearray()
        try:
            async with asyncio.timeout(limit):
                while chunk := await child.stdout.read(64):
                    reached += chunk
                await child.wait()
        except TimeoutError:
            pass
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        said = (await child.stderr.read()).decode(errors="replace").strip()
    seconds = asyncio.get_running_loop().time() - begun
    return BootResult(child.returncode == _EXIT_CODE and bytes(reached) == _DONE, bytes(reached), seconds, said)


def _write_disk(disk: Path) -> None:
    disk.write_bytes(_GUEST.ljust(510, b"\0") + b"\x55\xaa")
    os.truncate(disk, DISK_SIZE)


def _judge(result: BootResult) -> KvmVerdict:
    if result.finished:
        return KvmVerdict(True, "boot", f"a guest was booted with KVM in {result.seconds:.1f} s")
    stages = {b"": "its firmware", b"R": "the BIOS", b"RE": "the switch to long mode", b"REL": "plain computing"}
    where = stages.get(result.reached, "an unexpected place")
    last = f" QEMU said: {result.said.splitlines()[-1][:200]}." if result.said else ""
    return KvmVerdict(
        False,
        "boot",
        f"a guest was booted with KVM and came no further than {where} in {result.seconds:.0f} s, so machines are emulated (TCG)."
        f"{last} virtualization: KVM in a spec overrides this",
    )


def _is_x86() -> bool:
    return platform.machine() in ("x86_64", "i686", "i386", "AMD64")


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _recall(state: Path | None) -> KvmVerdict | None:
    if state is None:
        return None
    try:
        noted = json.loads((state / "kvm.json").read_text())
        if noted.pop("boot_id") == _boot_id():
            return KvmVerdict(bool(noted["usable"]), str(noted["how"]), str(noted["message"]))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        log.debug("no earlier verdict on KVM")
    return None


def _remember(state: Path | None, verdict: KvmVerdict) -> None:
    if state is None:
        return
    partial = state / "kvm.json.partial"
    try:
        write_private(partial, json.dumps({"boot_id": _boot_id(), **asdict(verdict)}).encode())
        partial.replace(state / "kvm.json")
    except OSError as error:
        log.warning("the verdict on KVM is not kept (%s); the next start tries it again", error)
