"""The checks of `homeostat doctor`: what was found on a host, whether that is enough, and how to fix it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from homeostat.planner.files.trash import scarcity

from ..errors import DriverError
from ..storage.images.verified import find_changed
from ..storage.paths import IMAGES, TRASH, free_bytes, human_size, nearest_folder
from ..storage.trash import TrashFolder
from .hostview import TIMEOUT, HostView, read_host
from .kvm import KvmVerdict, probe_kvm

GIB = 2**30
SPACE_LEAST, SPACE_ENOUGH = 1 * GIB, 5 * GIB  # bytes: a cloud image takes about 0.5 GiB, its overlay grows to its size
MEMORY_ENOUGH = 512 * 2**20  # bytes: one machine of the default size


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. ``ok`` None: worth knowing, but nothing fails for it. ``mend`` is what to do, one step per
    line."""

    name: str
    ok: bool | None
    found: str
    mend: str = ""


async def run_checks(uri: str, state: Path, *, timeout: float = TIMEOUT, boot: bool = True) -> list[Check]:
    """Runs all checks that make sense for ``uri``. ``boot``: settle KVM by booting a tiny guest. Changes nothing."""
    host = await read_host(uri, timeout)
    checks = [check_libvirt(host)]
    if host.is_qemu and host.local:
        if not host.session or host.socket:
            checks.append(check_socket(host))
        verdict = await probe_kvm(state if nearest_folder(state) == state else None, boot=boot)
        checks += [check_emulator(host), check_kvm(verdict, host), await asyncio.to_thread(check_qemu_img)]
    checks += [check_state(state, host), check_space(state)]
    if (state / TRASH).is_dir():
        checks.append(await asyncio.to_thread(check_trash, state))
    if (state / IMAGES).is_dir():
        checks.append(await asyncio.to_thread(check_images, state))
    if host.is_qemu and not host.error:
        checks += [check_networks(host), check_confinement(host)]
    if host.is_qemu and host.local:
        checks += [check_lock_manager(), check_memory()]
    return checks


def check_libvirt(host: HostView) -> Check:
    if not host.error:
        return Check("libvirt", True, f"{host.uri}: libvirt {host.libvirt}, {host.hypervisor}")
    return Check("libvirt", False, host.error, _mend_libvirt(host))


def _mend_libvirt(host: HostView) -> str:
    said = host.error.lower()
    if not host.local:
        return "see whether the host is up and its libvirt listens: virsh -c URI version"
    if "permission denied" in said or "authentication" in said or "access denied" in said:
        return "add your user to the group libvirt (usermod -aG libvirt USER) and log in again\nor use --connect qemu:///session"
    if "did not answer" in said:
        return "libvirtd hangs: see journalctl -u libvirtd (or virtqemud), then restart it; guests keep running"
    if shutil.which("libvirtd", path=_SBIN) is None and shutil.which("virtqemud", path=_SBIN) is None:
        return "apt-get install libvirt-daemon-system qemu-system-x86 qemu-utils"
    if Path("/run/systemd/system").is_dir():
        return "systemctl enable --now libvirtd\nsystemctl status libvirtd says why it does not run"
    return "start it: virtlogd -d; libvirtd -d (this host has no systemd)"


_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def check_socket(host: HostView) -> Check:
    """Checks the rights on libvirt's socket, for our own user."""
    places = [host.socket] if host.socket else ["/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"]
    path = next((p for p in places if os.path.exists(p)), None)
    if path is None:
        return Check("socket", False, f"no socket of libvirt: {', '.join(places)}", "start libvirtd")
    found = os.stat(path)
    shown = f"{path}, mode {stat.S_IMODE(found.st_mode):04o}, owner {found.st_uid}:{found.st_gid}"
    if not stat.S_ISSOCK(found.st_mode):
        return Check("socket", False, f"{path} is not a socket", "give another one: --connect 'qemu+unix:///system?socket=PATH'")
    if os.access(path, os.R_OK | os.W_OK):
        return Check("socket", True, shown)
    return Check("socket", False, f"no permission: {shown}", "usermod -aG libvirt USER, then log in again")


def check_emulator(host: HostView) -> Check:
    if host.error:
        return Check("qemu", None, "not known while libvirt is not reachable")
    kinds = sorted(host.domain_types & {"kvm", "qemu"})
    if not kinds:
        return Check("qemu", False, "libvirt found no QEMU", "apt-get install qemu-system-x86, then restart libvirtd")
    return Check("qemu", True, f"libvirt offers {' and '.join(kinds)}")


def check_kvm(verdict: KvmVerdict, host: HostView) -> Check:
    offered = "kvm" in host.domain_types
    if verdict.usable and (offered or host.error):
        return Check("KVM", True, verdict.message)
    if verdict.usable:
        return Check("KVM", None, f"{verdict.message}; but libvirt does not offer it", "restart libvirtd: it looks only once")
    if verdict.how in ("flags", "boot") and offered:
        mend = "hide /dev/kvm from libvirtd, which else tries it at every start and is slow: unload the kvm modules"
        return Check("KVM", None, verdict.message, mend)
    return Check("KVM", None, verdict.message)


def check_qemu_img() -> Check:
    path = shutil.which("qemu-img")
    if path is None:
        return Check("qemu-img", False, "qemu-img is not installed", "apt-get install qemu-utils")
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("qemu-img", False, f"{path} does not run: {error}", "apt-get install --reinstall qemu-utils")
    return Check("qemu-img", True, done.stdout.splitlines()[0])


def check_state(state: Path, host: HostView) -> Check:
    """Checks that we can write there, and that QEMU's user can get through to it."""
    folder = nearest_folder(state)
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        mend = f"see why (dmesg), then `mount -o remount,rw $(findmnt -no TARGET -T {folder})`, or give --state DIR"
        return Check("state", False, f"the file system of {folder} is read-only", mend)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check("state", False, f"no permission to write in {folder}", f"chown {os.geteuid()} {folder}, or give --state DIR")
    closed = _closed_to_qemu(folder, host)
    if closed is not None:
        mend = f"chmod o+x {closed}\nor give a --state DIR that others may pass through, such as /var/lib/homeostat"
        return Check("state", False, f"QEMU (uid {_uid(host)}) cannot pass through {closed} to {state}", mend)
    made = "" if folder == state else " (will be made)"
    return Check("state", True, f"{state} is writable{made}")


def _uid(host: HostView) -> int:
    return host.qemu_user[0] if host.qemu_user else os.geteuid()


def _closed_to_qemu(state: Path, host: HostView) -> Path | None:
    """Returns the first folder on the way to ``state`` that QEMU's user may not enter."""
    if host.qemu_user is None or not host.local or host.qemu_user[0] == 0:
        return None
    uid, gid = host.qemu_user
    for folder in reversed([state, *state.parents]):
        found = folder.stat()
        right = stat.S_IXUSR if found.st_uid == uid else stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH
        own = folder == state and found.st_uid == os.geteuid()  # the operator itself gives QEMU's group access to it
        if not found.st_mode & right and not own:
            return folder
    return None


def check_space(state: Path) -> Check:
    folder = nearest_folder(state)
    free = free_bytes(folder)
    found = f"{human_size(free)} free in {folder}"
    if free < SPACE_LEAST:
        return Check("space", False, found, "free some space, or give a --state DIR on a larger disk")
    if free < SPACE_ENOUGH:
        return Check("space", None, found, "enough for a few small machines only")
    return Check("space", True, found)


def check_trash(state: Path) -> Check:
    """Reports how much of the disk the trash takes."""
    try:
        trash = TrashFolder.at(state)
        entries = trash.entries()
    except DriverError as error:
        return Check("trash", None, str(error), "run it as the operator's user")
    if not entries:
        return Check("trash", True, "empty")
    size, total = sum(entry.size for entry in entries), shutil.disk_usage(nearest_folder(state)).total
    share = f"{size * 100 / total:.1f} %" if total else "?"
    found = f"{len(entries)} deleted, {human_size(size)} ({share} of the file system), the oldest since {entries[0].since}"
    try:
        low = scarcity(trash.space())
    except DriverError as error:
        return Check("trash", None, str(error), "run it as the operator's user")
    if low:
        return Check(
            "trash", None, f"{found}; {low}", "free some space, or take back what is still wanted: `homeostat trash restore`"
        )
    return Check("trash", True, f"{found}: `homeostat trash list`")


def check_images(state: Path) -> Check:
    """Reads all images and reports those that changed."""
    compared, wrong = find_changed(state / IMAGES)
    if not wrong:
        return Check("images", True, f"{compared} in the cache, each with the contents that were verified")
    return Check("images", False, f"{len(wrong)} of the cache are not what was verified", "\n".join(wrong))


def check_networks(host: HostView) -> Check:
    """Reports the networks that machines may name, and the bridges of the host."""
    active = [f"{n.name} ({n.bridge})" if n.bridge else n.name for n in host.networks if n.active]
    bridges = _bridges() if host.local else []
    own = [b for b in bridges if b not in {n.bridge for n in host.networks}]
    found = "; ".join(
        [
            f"networks: {', '.join(active) or 'none is active'}",
            *([f"bridges of the host: {', '.join(own)}"] if own else []),
        ]
    )
    if active:
        return Check("network", True, found)
    known = {n.name for n in host.networks}
    first = [] if "default" in known else ["virsh net-define /usr/share/libvirt/networks/default.xml"]
    mend = "\n".join(
        [*first, "virsh net-start default && virsh net-autostart default", "or use nics of kind user, which need none"]
    )
    return Check("network", None, found, mend)


def _bridges() -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(p.parent.name for p in Path("/sys/class/net").glob("*/bridge"))
    return []


def check_confinement(host: HostView) -> Check:
    """Checks whether a guest that breaks out of QEMU meets another barrier."""
    walls = [m for m in host.confinement if m in ("apparmor", "selinux")]
    if walls:
        return Check("confinement", True, f"libvirt confines each QEMU with {walls[0]}")
    mend = "use a kernel with AppArmor or SELinux, and leave security_driver in /etc/libvirt/qemu.conf as it is"
    return Check("confinement", None, "QEMU is confined by its user alone, not by AppArmor or SELinux", mend)


def check_lock_manager(conf: Path = Path("/etc/libvirt/qemu.conf")) -> Check:
    """Checks libvirt's disk locks, for disks that several hosts share."""
    try:
        text = conf.read_text()
    except OSError as error:
        return Check("disk locks", None, f"{conf} cannot be read ({error.strerror})", "run doctor as root to have it checked")
    set_to = re.findall(r'^\s*lock_manager\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if set_to and set_to[-1] != "nop":
        return Check("disk locks", True, f"libvirt locks disks with {set_to[-1]}")
    return Check(
        "disk locks",
        None,
        "QEMU's own locks guard the disks of this host; libvirt's lock manager is off",
        f'only where hosts share storage: lock_manager = "lockd" in {conf}, then restart libvirtd',
    )


def check_memory(meminfo: Path = Path("/proc/meminfo")) -> Check:
    try:
        found = dict(re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", meminfo.read_text(), re.MULTILINE))
        total, available = (int(found[k]) * 1024 for k in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError) as error:
        return Check("memory", None, f"{meminfo} does not say how much there is ({error})")
    shown = f"{human_size(available)} of {human_size(total)} available"
    if available < MEMORY_ENOUGH:
        return Check("memory", None, shown, "stop something, or give machines less: resources.memory")
    return Check("memory", True, shown)
