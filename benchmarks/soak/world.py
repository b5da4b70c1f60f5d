"""What is acted upon: a folder of YAML, a state, an operator, and a hypervisor. Two kinds: real QEMU, and the test driver."""

from __future__ import annotations

import abc
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak import machines
from benchmarks.soak.desired import Desired, Spec, Wish
from benchmarks.soak.hypervisor import Hypervisor, Remote
from benchmarks.soak.log import Log
from benchmarks.soak.operator import Operator
from tests.rig import processes
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port

HOLDS = (0.0, 0.1, 0.5, 1.0, 2.5)  # seconds between two operations
BYSTANDER = "bystander"  # a domain that is nobody's: never touched
CLI_TIMEOUT = 120.0  # seconds
CRAMPED = 384 * 2**20  # bytes; each machine has copies of its kernel and initramfs, of 16 MB


@dataclass(frozen=True, slots=True)
class Undo:
    """What has to be put right again, later in the same phase."""

    what: str
    act: Callable[[], None]


class World(abc.ABC):
    """``limit`` is how many machines there may be. ``settle`` is the operator's settling time, in seconds."""

    bystander = BYSTANDER
    uri: str
    spec: Spec

    def __init__(self, kind: str, root: Path, log: Log, limit: int, settle: float) -> None:
        self.kind, self.root, self.log, self.limit, self.settle = kind, root, log, limit, settle
        self.rng = random.Random(0)
        self.state, self.desired = root / "state", Desired(root / "vms")
        self.pending: list[Undo] = []
        self.excuses: dict[str, float] = {}  # machine or deployment: from when on a run of it may end
        self.excused_at: dict[str, float] = {}  # when (time.time) that was said first
        self.cuts: dict[str, list[float]] = {}  # when we cut the power of a machine ourselves
        self.struck: set[str] = set()  # machines that were hit in this phase: once is enough, as restarts are put off
        self.libvirtd_up = True
        self.made, self.began = 0, time.time()
        self.erased: set[str] = set()  # machines whose disks were taken out of the trash for good
        self.serving: dict[str, int] = {}  # deployments of which so many replicas must serve all the time
        self.restarted: set[str] = set()  # in this phase, as they were told to be
        self.full = False  # there is no space now
        self.cramped = False  # a small file system: what was deleted may be erased before its time
        self.stop = threading.Event()  # it is to end now
        self.settle_first: Callable[[], bool] = lambda: True  # waits until it has settled
        self.operator: Operator
        self.hypervisor: Hypervisor | Remote

    # What acts use

    @property
    def folder(self) -> Path:
        return self.desired.folder

    @property
    def in_reach(self) -> bool:
        """Whether the hypervisor answers us."""
        return self.libvirtd_up

    def excuse(self, names: Iterable[str], after: float = 0.0) -> None:
        """From ``after`` seconds on, runs of these may end in this phase."""
        for name in names:
            self.excused_at.setdefault(name, time.time() + after)
            self.excuses[name] = min(self.excuses.get(name, float("inf")), time.monotonic() + after)

    def excused(self, machine: str) -> bool:
        names = (machine, self.desired.owner(machine))
        return any(self.excuses.get(name, float("inf")) <= time.monotonic() for name in names)

    def unserve(self, names: Iterable[str]) -> None:
        """Deployments of these may serve less in this phase."""
        for name in names:
            self.serving.pop(name, None)

    def later(self, what: str, act: Callable[[], None]) -> None:
        self.pending.append(Undo(what, act))

    def undo(self, number: int) -> None:
        undo = self.pending.pop(number)
        self.log.operation("put right", undo.what)
        undo.act()

    def hold(self) -> None:
        self.stop.wait(self.rng.choice(HOLDS))

    def fresh(self) -> Wish:
        """A machine that never was."""
        self.made += 1
        return machines.machine(f"m-{self.made}", copy.deepcopy(self.spec))

    def cli(self, *words: str) -> bool:
        """A command of ours; whether it succeeded."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=CLI_TIMEOUT, check=False)
        if done.returncode:
            self.log.say(f"homeostat {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-300:]}")
            if "Traceback" in done.stderr:
                self.log.violation(f"homeostat {words[0]}: a traceback: {done.stderr.strip()[-200:]}")
        return done.returncode == 0

    def command(self, *words: str) -> list[str]:
        options = ("--state", str(self.state), "--connect", self.uri)
        return [sys.executable, "-m", "homeostat.cli.main", *options, *words]

    def environment(self) -> dict[str, str]:
        return {"HOMEOSTAT_SETTLE": f"{self.settle:g}s"}

    # Its life

    @abc.abstractmethod
    def begin(self) -> None:
        """The first machines are there, and an operator runs."""

    def cramp(self) -> None:
        """Puts the state on a file system that can be filled; needs root."""
        self.state.mkdir()
        image = self.root / "state.img"
        with image.open("wb") as file:
            file.truncate(CRAMPED)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, self.state], check=True)
        self.state.chmod(0o710)
        self.cramped = True

    def close(self) -> None:
        """Without a trace."""
        self.operator.close()
        if os.path.ismount(self.state):
            subprocess.run(["umount", "-l", self.state], check=False)
        shutil.rmtree(self.root, ignore_errors=True)


class QemuWorld(World):
    """Guests that boot, under the rig's libvirtd; with the API."""

    def __init__(self, rig: Libvirtd, image: GuestImage, log: Log, limit: int, settle: float) -> None:
        self.rig, self.image = rig, image
        root = Path(tempfile.mkdtemp(prefix="soak-", dir=rig.storage))
        root.chmod(0o711)  # QEMU's own user passes through it
        super().__init__("qemu", root, log, limit, settle)
        self.uri, self.spec, self.port = rig.uri, machines.guest(image), free_port()
        self.hypervisor = Hypervisor(rig.uri)
        up = self.command("up", str(self.folder), "--bind", f"127.0.0.1:{self.port}")
        self.operator = Operator(up, root / "up.log", self.environment())

    def begin(self) -> None:
        if self.limit > 2:
            self.desired.put(machines.deployment("web", 1, self.spec))
        for _ in range(max(1, self.limit - 1 - (self.limit > 2))):
            self.desired.put(self.fresh())
        self.desired.commit("begin")
        self.hypervisor.act("define", BYSTANDER, machines.IDLE.format(name=BYSTANDER))
        self.operator.start()

    def close(self) -> None:
        self.operator.close()
        if self.rig.pid is None:
            self.rig.start()
        for name in self.rig.virsh("list", "--all", "--name").split():
            if str(self.root) in self.rig.virsh("dumpxml", name, check=False) or name == BYSTANDER:
                self.rig.virsh("destroy", name, check=False)
                self.rig.virsh("undefine", name, "--managed-save", "--snapshots-metadata", check=False)
        if self.cramped:
            for pid in self._daemons():
                subprocess.run(["nsenter", "--mount", "--target", str(pid), "umount", "-l", self.state], check=False)
        super().close()

    def cramp(self) -> None:
        """In the mount namespaces of the daemons, too."""
        super().cramp()
        device = subprocess.run(
            ["findmnt", "-no", "SOURCE", self.state], capture_output=True, text=True, check=True
        ).stdout.strip()
        for pid in self._daemons():
            subprocess.run(["nsenter", "--mount", "--target", str(pid), "mount", device, self.state], check=True)

    def _daemons(self) -> list[int]:
        found = [self.rig.pid, processes.read_pid(self.rig.directory / "virtlogd.pid")]
        return [pid for pid in found if pid is not None]

    def pid_of(self, machine: str) -> int | None:
        """Of its QEMU."""
        return processes.read_pid(self.rig.directory / "run" / "qemu" / f"{machine}.pid")


class DriverWorld(World):
    """A fleet on libvirt's test driver, which lives in the operator's program and ends with it."""

    bystander = "test"  # comes with it
    uri = "test:///default"

    def __init__(self, log: Log, limit: int, settle: float) -> None:
        root = Path(tempfile.mkdtemp(prefix="hs-soak-"))
        super().__init__("test", root, log, limit, settle)
        self.spec = machines.entry()
        self.hypervisor = Remote(root / "host.sock")
        up = self.command("up", str(self.folder), "--no-api")
        up[2:3] = ["benchmarks.soak.testhost", str(root / "host.sock")]
        self.operator = Operator(up, root / "up.log", self.environment())

    @property
    def in_reach(self) -> bool:
        return self.operator.acting

    def begin(self) -> None:
        """Some files hold one document, some several, some lie in folders."""
        self.desired.put(machines.deployment("web", 4, self.spec))
        rootfs = self.root / "rootfs.img"
        rootfs.write_bytes(b"a root disk".ljust(510, b"\0") + b"\x55\xaa" + bytes(2**20 - 512))  # with a boot sector
        self.desired.put(machines.plugin("page", rootfs))
        follower = {"pluginRef": {"name": "page"}, "guestAgent": {"enabled": False}}
        self.desired.put(machines.deployment("pages", 2, follower))
        for number in range(self.limit // 2):
            wish = self.fresh()
            wish.file = ("{0}.yaml", "several-{1}.yaml", "east/{0}.yaml")[number % 3].format(wish.name, number % 2)
            self.desired.put(wish)
        self.desired.commit("begin")
        self.operator.start()
