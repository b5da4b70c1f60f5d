"""A private libvirtd: its own configuration, sockets, state and NAT network, beside any libvirt that the machine has.

Programs: `python -m tests.rig.libvirtd --dir DIR` starts one, prints its URI and stays until SIGTERM or Ctrl-C; `... --dir DIR
up` starts one and leaves it running; `... --dir DIR down` removes it with all its domains.

The daemons run in a mount namespace (tests/rig/private-mounts) where libvirt's folders are DIR's: a developer's own libvirt is
neither seen nor touched. Where KVM is not usable, /dev/kvm is missing there (libvirt then chooses TCG). Guests run as
libvirt-qemu, as on a real host, so wrong file permissions fail here too. Needs root.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.rig import processes
from tests.rig.claims import Claim, claim, own, take_over
from tests.rig.network import bridge_name, free_subnet, network_xml
from tests.rig.waiting import wait_until

QEMU_CONF = """# AppArmor and cgroups may be absent, or closed to us (containers).
# A private /dev per guest fails in a plain chroot.
security_driver = "none"
cgroup_controllers = []
namespaces = []
# Of this rig's own: two libvirtds that look for a free port at the same time find the same one.
remote_display_port_min = {display}
remote_display_port_max = {display_end}
"""
LIBVIRTD_CONF = """auth_unix_rw = "none"
unix_sock_rw_perms = "0777"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""
FIRST_DISPLAY, DISPLAYS, RIGS = 6000, 100, 250  # ports of VNC servers, below those that the kernel gives to clients
PLACE = Path("/tmp")  # of temporary rigs: short, because a unix socket's path has 108 bytes
OWNER = "owner.lock"  # a temporary rig's, while its process lives
START_TIMEOUT = 60.0  # seconds; the first start on a loaded machine probes QEMU


def kvm_usable() -> bool:
    """Tells whether /dev/kvm exists and the CPU shows the flags it needs; HOMEOSTAT_RIG_KVM=0 or 1 overrides."""
    override = os.environ.get("HOMEOSTAT_RIG_KVM")
    if override is not None:
        return override == "1"
    flags = Path("/proc/cpuinfo").read_text().split()
    return Path("/dev/kvm").exists() and ("vmx" in flags or "svm" in flags)


class Libvirtd:
    """One private libvirtd. A context manager: started on entry, every trace removed on exit."""

    def __init__(self, directory: Path | None = None) -> None:
        self._temporary = directory is None
        # Open to libvirt-qemu, which must reach images in it.
        self.directory = (directory or Path(tempfile.mkdtemp(prefix="hs-rig-", dir=PLACE))).resolve()
        self.bridge = bridge_name(self.directory)
        self._owner: IO[str] | None = own(self.directory / OWNER) if self._temporary else None
        self._displays: Claim | None = None

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def socket(self) -> Path:
        return self.directory / "run" / "libvirt-sock"

    @property
    def storage(self) -> Path:
        """A folder that both root and libvirt-qemu reach: for images and state of a test."""
        return self.directory / "storage"

    @property
    def log(self) -> Path:
        return self.directory / "log" / "libvirtd.log"

    @property
    def pid(self) -> int | None:
        """libvirtd's pid, None when it does not run."""
        pid = processes.read_pid(self.directory / "libvirtd.pid")
        return pid if pid is not None and "libvirtd" in processes.command_of(pid) and processes.alive(pid) else None

    def start(self) -> None:
        """Starts virtlogd and libvirtd where they do not run, and waits until libvirtd answers."""
        if os.geteuid() != 0:
            raise RuntimeError("the rig needs root: it starts a libvirtd with its own mounts and network bridge")
        self._prepare()
        logd = processes.read_pid(self.directory / "virtlogd.pid")
        if logd is None or "virtlogd" not in processes.command_of(logd):
            self._spawn("virtlogd")
        self._define_network()
        pid = self.pid or self._spawn("libvirtd")
        wait_until(lambda: not processes.alive(pid) or self._answers(), START_TIMEOUT, f"libvirtd answers (its log: {self.log})")
        if not processes.alive(pid):
            raise RuntimeError("it has ended: " + (self.directory / "log" / "libvirtd.out").read_text()[-500:].strip())
        if "default" not in self.virsh("net-list", "--name").split():
            # libvirt autostarts once per boot of the host; a network that a test stopped comes back here.
            self.virsh("net-start", "default")

    def kill9(self) -> None:
        """Kills libvirtd like a crash; guests and the network stay."""
        pid = self.pid
        if pid is None:
            raise RuntimeError("libvirtd does not run")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes.alive(pid), 10, f"libvirtd ({pid}) is gone")

    def shutdown(self) -> None:
        """Stops libvirtd like an administrator (SIGTERM); guests and the network stay."""
        pid = self.pid
        if pid is not None:
            processes.end(pid, "libvirtd")

    def restart(self) -> None:
        """Starts libvirtd again, after kill9() or shutdown() or in place of a running one."""
        self.shutdown()
        self.start()

    def stop(self) -> None:
        """Removes domains, network, daemons and libvirt's state; a folder that the caller named keeps `storage` and `log`."""
        try:
            if (self.directory / "run").exists():
                self._remove_domains_and_network()
        finally:
            for name in ("libvirtd", "virtlogd"):
                pid = processes.read_pid(self.directory / f"{name}.pid")
                if pid is not None:
                    processes.end(pid, name)
                (self.directory / f"{name}.pid").unlink(missing_ok=True)
            self._end_leftovers()
            if self._displays is not None:
                self._displays.release()
                self._displays = None
            for name in (".",) if self._temporary else ("etc", "lib", "cache", "run", "dev"):
                shutil.rmtree(self.directory / name, ignore_errors=True)
            if self._owner is not None:
                self._owner.close()
                self._owner = None

    def __enter__(self) -> Libvirtd:
        try:
            remove_abandoned()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def virsh(self, *arguments: str, check: bool = True) -> str:
        """Runs virsh against this libvirtd and returns its output. A failure raises with virsh's own message."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri, *arguments], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"virsh {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _prepare(self) -> None:
        for name in ("etc/qemu/networks/autostart", "lib", "cache", "log", "run", "dev", "storage"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)
        self.storage.chmod(0o711)
        display = FIRST_DISPLAY + DISPLAYS * self._claim_displays()
        conf = QEMU_CONF.format(display=display, display_end=display + DISPLAYS - 1)
        (self.directory / "etc" / "qemu.conf").write_text(conf)
        (self.directory / "etc" / "libvirtd.conf").write_text(LIBVIRTD_CONF)
        (self.directory / "etc" / "virtlogd.conf").write_text("")

    def _claim_displays(self) -> int:
        """Returns the number of the range of ports that is this rig's until it is stopped."""
        if self._displays is None:
            seed = zlib.crc32(str(self.directory).encode())
            self._displays = claim("displays", ((seed + step) % RIGS for step in range(RIGS)))
        if self._displays is None:
            raise RuntimeError(f"{RIGS} libvirtds run here already, each with a range of ports: stop some")
        return self._displays.number

    def _define_network(self) -> None:
        """Defines the network `default`, autostarted. Only once, because the subnet of a running network must stay."""
        definition = self.directory / "etc" / "qemu" / "networks" / "default.xml"
        if definition.exists():
            return
        subnet = free_subnet(zlib.crc32(str(self.directory).encode()))
        definition.write_text(network_xml(self.bridge, subnet))
        autostart = definition.parent / "autostart" / "default.xml"
        autostart.symlink_to("/etc/libvirt/qemu/networks/default.xml")

    def _spawn(self, daemon: str) -> int:
        """Starts a daemon in the foreground, in its own session, so that Ctrl-C and our end do not reach it. Returns its pid."""
        binary = shutil.which(daemon, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if binary is None:
            raise RuntimeError(f"{daemon} is not installed: run scripts/install-system")
        hide_kvm = "0" if kvm_usable() else "1"
        launcher = str(Path(__file__).with_name("private-mounts"))
        with open(self.directory / "log" / f"{daemon}.out", "ab") as output:
            child = subprocess.Popen(
                [
                    *(sys.executable, "-IS", str(Path(__file__).with_name("reaper.py"))),
                    *("unshare", "--mount", "--propagation", "private"),
                    *(launcher, str(self.directory), hide_kvm),
                    *(binary, "--config", f"/etc/libvirt/{daemon}.conf"),
                    *("--pid-file", f"/run/libvirt/{daemon}.rig.pid"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        assert child.stdout is not None
        with child.stdout as told:
            pid = int(told.readline())
        child.returncode = 0  # it ends after the last guest; so that Popen does not warn that its child still runs
        (self.directory / f"{daemon}.pid").write_text(str(pid))
        return pid

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.socket))
        return "default" in self.virsh("net-list", "--all", "--name").split()

    def _remove_domains_and_network(self) -> None:
        if self.pid is None:
            self.start()
        for name in self.virsh("list", "--name").split("\n"):
            if name.strip():
                self.virsh("destroy", name.strip(), check=False)
        for name in self.virsh("net-list", "--name").split("\n"):
            if name.strip():
                self.virsh("net-destroy", name.strip(), check=False)

    def _end_leftovers(self) -> None:
        """Ends what libvirt could not end, because it was broken itself."""
        for path in [*(self.directory / "run").glob("qemu/*.pid"), *(self.directory / "run").glob("network/*.pid")]:
            pid = processes.read_pid(path)
            if pid is not None:
                processes.end(pid, "qemu" if path.parent.name == "qemu" else "dnsmasq")
        if Path(f"/sys/class/net/{self.bridge}").exists():
            subprocess.run(["ip", "link", "delete", self.bridge], check=False)


def remove_abandoned() -> None:
    """Removes the temporary rigs whose test run was killed before it could; one process each. What is left of one is said."""
    for directory in PLACE.glob("hs-rig-*"):
        owner = take_over(directory / OWNER)
        if owner is None:
            continue
        rig = Libvirtd(directory)
        rig._temporary, rig._owner = True, owner
        try:
            rig.stop()
        except (RuntimeError, AssertionError, OSError) as error:
            print(f"{directory}, which a killed run left, could not be ended in order: {error}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig.libvirtd", description="A private libvirtd.")
    parser.add_argument("--dir", type=Path, required=True, help="its folder (keep the path short)")
    parser.add_argument("action", nargs="?", choices=("run", "up", "down"), default="run")
    options = parser.parse_args()
    rig = Libvirtd(options.dir)
    try:
        return _act(rig, options.action)
    except (RuntimeError, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1


def _act(rig: Libvirtd, action: str) -> int:
    if action == "down":
        rig.stop()
        return 0
    if action == "up":
        rig.start()
        print(rig.uri, flush=True)
        return 0
    # Signals are not blocked here: the daemons would inherit that.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), rig:
        print(rig.uri, flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
