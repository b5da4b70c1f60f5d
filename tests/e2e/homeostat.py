"""A Homeostat of a test's own: folder, state, and the operator as a program (`homeostat up`), on the rig's libvirtd."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.runtime.engine.ports import Event
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from tests.rig import processes
from tests.rig.guest import BOOT_TIMEOUT, CMDLINE, GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import Running, launch, ran
from tests.rig.waiting import wait_until

SOON = 60.0  # seconds for anything that needs no boot of a guest; most take a tenth of one, and more on a crowded machine

Spec = dict[str, Any]


class Homeostat:
    """``start`` runs the operator; the folder may be edited before, while and after it runs."""

    def __init__(self, rig: Libvirtd, image: GuestImage | None = None) -> None:
        self.rig, self.image = rig, image
        self.root = Path(tempfile.mkdtemp(prefix="e2e-", dir=rig.storage))
        self.root.chmod(0o711)  # QEMU's own user passes through it
        self.folder, self.state, self.output = self.root / "vms", self.root / "state", self.root / "up.log"
        self.folder.mkdir()
        self.written: dict[str, Spec] = {}  # all machines ever written, with their last spec
        self._up: Running | None = None
        self._reader: FilesStore | None = None

    # The operator

    def command(self, *words: str) -> list[str]:
        options = ("--state", str(self.state), "--connect", self.rig.uri)
        return [sys.executable, "-m", "homeostat.cli.main", *options, *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Any other command of ours."""
        return ran(self.command(*words))

    def start(self, *options: str, prefix: Sequence[str] = ()) -> None:
        """Starts the operator without waiting for anything; its words go to ``output``. ``prefix`` is a program that runs it."""
        assert self._up is None, "it runs already"
        with self.output.open("ab") as output:
            self._up = launch(
                [*prefix, *self.command("up", str(self.folder), *(options or ("--no-api",)))],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        assert self._up is not None, "it does not run"
        return self._up.pid

    def stop(self) -> int:
        """As Ctrl-C does; its exit code."""
        return self._end(signal.SIGINT)

    def kill9(self) -> None:
        self._end(signal.SIGKILL)

    def wait_killed(self) -> None:
        """Waits until it was killed by its fault."""
        assert self._up is not None
        code = self._up.wait(SOON)
        self._up = None
        assert code == -signal.SIGKILL, f"it ended with {code}:\n{self.said()}"

    def wait_ended(self) -> int:
        assert self._up is not None
        code = self._up.wait(SOON)
        self._up = None
        return code

    def said(self) -> str:
        """All it wrote so far, of all its runs."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def _end(self, how: signal.Signals) -> int:
        assert self._up is not None, "it does not run"
        self._up.send_signal(how)
        code = self._up.wait(SOON)
        self._up = None
        return code

    # The folder

    def write(self, name: str, spec: Spec, **metadata: Any) -> None:
        """One machine in a file of its own, put there in one step as editors do."""
        document = {
            "apiVersion": "homeostat.dev/v1alpha1",
            "kind": "VirtualMachine",
            "metadata": {"name": name, **metadata},
            "spec": spec,
        }
        self.written[name] = spec
        aside = self.folder / f".{name}.tmp"
        aside.write_text(yaml.safe_dump(document, sort_keys=False))
        aside.replace(self.path(name))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def edit(self, name: str, change: Callable[[Spec], object]) -> None:
        """``change`` alters the spec."""
        document = yaml.safe_load(self.path(name).read_text())
        change(document["spec"])
        self.write(name, document["spec"])

    def remove(self, name: str) -> None:
        self.path(name).unlink()

    # What is reported

    @property
    def store(self) -> FilesStore:
        if self._reader is None:
            self._reader = FilesStore.open(self.folder, StateFolder.open(self.state))
        return self._reader

    def forget_reader(self) -> None:
        """For tests that replace the index under us."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def machine(self, name: str) -> VirtualMachine | None:
        row = self.store.index.row(key_of(name))
        resource = self.store.resource(row) if row else None
        assert resource is None or isinstance(resource, VirtualMachine)
        return resource

    def status(self, name: str) -> VirtualMachineStatus:
        """An empty one while there is none."""
        machine = self.machine(name)
        return machine.status if machine and machine.status else VirtualMachineStatus()

    def condition(self, name: str, type: str) -> Condition | None:
        return find_condition(self.status(name).conditions, type)

    def events(self, name: str) -> list[Event]:
        return list(self.store.events(0, key_of(name)))

    def reasons(self, name: str) -> list[str]:
        return [event.reason for event in self.events(name)]

    def count(self, name: str, reason: str) -> int:
        """How often it happened, repetitions counted."""
        return sum(event.count for event in self.events(name) if event.reason == reason)

    def version(self) -> int:
        """Of the store: grows with every write of a resource or status; events count too."""
        counters = self.store.index.read("SELECT sum(value) FROM counters", ())
        return int(counters[0][0])

    def wait_for(self, what: Callable[[], object], say: str, timeout: float = SOON) -> Any:
        try:
            return wait_until(what, timeout, say)
        except AssertionError as error:
            states = {name: self._brief(name) for name in sorted(self.written)}
            guests = "".join(f"--- {name} said:\n{self.console(name)[-600:]}\n" for name in sorted(self.written))
            raise AssertionError(f"{error}\n{states}\n{guests}--- the operator said:\n{self.said()[-3000:]}") from None

    def _brief(self, name: str) -> str:
        status = self.status(name)
        return f"{status.state.value} " + "; ".join(f"{c.type}={c.status} {c.reason} {c.message}" for c in status.conditions)

    def wait_condition(self, name: str, type: str, reason: str = "", timeout: float = SOON, status: str = "True") -> Condition:
        """Of the spec that was written last."""

        def found() -> Condition | None:
            machine = self.machine(name)
            if machine is None or not self.has_read(machine):
                return None
            condition = find_condition(machine.status.conditions if machine.status else (), type)
            right = condition is not None and condition.status == status and reason in ("", condition.reason)
            return condition if right and condition and current(machine, condition) else None

        condition = self.wait_for(found, f"{name} has {type}={status} {reason}".strip(), timeout)
        assert isinstance(condition, Condition)
        return condition

    def has_read(self, machine: VirtualMachine) -> bool:
        """Until the operator has read the file, generations speak of the spec before."""
        written = self.written[machine.metadata.name]
        return machine.spec == type(machine.spec).model_validate_json(json.dumps(written))

    def wait_ready(self, *names: str, timeout: float = SOON) -> None:
        for name in names:
            self.wait_condition(name, "Ready", timeout=timeout)

    def wait_address(self, name: str, timeout: float = BOOT_TIMEOUT) -> str:
        """Its leased address, as the status tells it."""

        def leased() -> str:
            return next((a.ip for a in self.status(name).addresses if a.source == "Lease"), "")

        return str(self.wait_for(leased, f"the status of {name} has an address", timeout))

    def wait_gone(self, *names: str, timeout: float = SOON) -> None:
        for name in names:
            self.wait_for(lambda name=name: self.machine(name) is None, f"{name} is gone", timeout)  # type: ignore[misc]

    # libvirt

    def virsh(self, *words: str, check: bool = True) -> str:
        return self.rig.virsh(*words, check=check)

    def state_of(self, name: str) -> str:
        """libvirt's word: running, shut off, paused ...; '' where there is no domain."""
        return self.virsh("domstate", name, check=False).strip()

    def qemu_pid(self, name: str) -> int:
        pid = processes.read_pid(self.rig.directory / "run" / "qemu" / f"{name}.pid")
        assert pid is not None and processes.alive(pid), f"{name} does not run"
        return pid

    def console(self, name: str) -> str:
        """All that its guests wrote on the serial console, of all runs."""
        log = self.state / "machines" / "default" / name / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def disk(self, name: str, disk: str) -> Path:
        return self.state / "machines" / "default" / name / f"{disk}.qcow2"

    # The end

    def close(self) -> None:
        """Without a trace: domains by force, since no test is about this."""
        if self._up is not None:
            self.kill9()
        self.forget_reader()
        if self.rig.pid is None:
            self.rig.start()
        with ThreadPoolExecutor(8) as pool:  # QEMU takes a second or two to end
            list(pool.map(self.clear, self.written))
        shutil.rmtree(self.root, ignore_errors=True)

    def clear(self, name: str) -> None:
        remove_domain(self.rig, name)


def remove_domain(rig: Libvirtd, name: str) -> None:
    """By force."""
    if name in rig.virsh("list", "--all", "--name").split():
        rig.virsh("destroy", name, check=False)
        rig.virsh("undefine", name, "--managed-save", "--snapshots-metadata", "--nvram", check=False)


def key_of(name: str) -> Key:
    return Key("VirtualMachine", "default", name)


def current(machine: VirtualMachine, condition: Condition) -> bool:
    return condition.observed_generation >= machine.metadata.generation


def idle(**fields: Any) -> Spec:
    """The cheapest machine that runs: real QEMU that stays in its BIOS, deaf to the power button, off at once when told."""
    plain: Spec = {
        "resources": {"memory": "32Mi"},
        "display": {"video": "none", "vnc": {"enabled": False}},
        "guestAgent": {"enabled": False},
        "shutdown": {"gracePeriodSeconds": 0},
    }
    return {**plain, **fields}


def guest(image: GuestImage, cmdline: str = "", **fields: Any) -> Spec:
    """The small guest of the rig; give it a nic to reach it."""
    plain: Spec = {
        "resources": {"memory": "128Mi"},
        "display": {"video": "none", "vnc": {"enabled": False}},
        "boot": {
            "kernel": {"path": str(image.kernel)},
            "initramfs": {"path": str(image.initramfs)},
            "cmdline": f"{CMDLINE} {cmdline}".strip(),
        },
        "nics": [{"name": "lan", "network": "default"}],
    }
    return {**plain, **fields}
