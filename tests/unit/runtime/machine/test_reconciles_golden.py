"""What every reconcile of a machine asks of its host, tells and writes, and when it looks again: for rows of what may happen.
After a wanted change: pytest --regenerate-golden, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.files.trash import Space, TrashedDisk, TrashEntry
from homeostat.planner.observed import ProbedHealth, Secret
from homeostat.planner.plan import Waiting
from homeostat.runtime.engine.reconciler import GONE
from tests.unit.machines import HAPPENINGS, IMAGE, Spec, changed, deleted, happen, machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler
from tests.unit.transcripts import DATA, EDITS, LAN, MORE, ROOT, USER, could, step
from tests.unit.world import namesake

FOLDER = Path(__file__).parents[2] / "golden" / "reconciles"
TIMES = frozenset({"lastTransitionTime", "startedAt", "lastCheck"})
PROBES: Spec = {"readiness": {"tcpSocket": {"port": 80}}, "liveness": {"tcpSocket": {"port": 80}}}

ROWS: dict[str, tuple[Spec, str]] = {
    "life": (
        {"disks": [ROOT, DATA], "nics": [LAN, USER]},
        "addresses; the next operator; more memory; restart; the next operator; halt; always; deleted",
    ),
    "ends": (
        {"disks": [DATA]},
        "guest crashes; guest crashes; guest crashes; time passes; guest shuts itself down; virsh destroy; halt; power off; "
        "deleted",
    ),
    "once": ({"runStrategy": "Once"}, "guest shuts itself down; the next operator; restart; guest crashes; restart"),
    "failures": (
        {"disks": [DATA], "nics": [LAN]},
        "AttachNic is refused; other nics; nothing fails; another disk; StartDomain fails; restart; nothing fails; "
        "DefineDomain fails; more memory; guest crashes; nothing fails; UndefineDomain fails; deleted; nothing fails",
    ),
    "moved": (
        {"disks": [ROOT, DATA]},
        "virsh snapshot-create-as --disk-only; the next operator; virsh blockcommit --active --pivot; "
        "virsh blockcopy --pivot; virsh destroy; virsh undefine; no file can be read; deleted",
    ),
    "moved, and undefined": (
        {"disks": [DATA]},
        "an overlay in the running guest only; virsh undefine; halt; disk file deleted; time passes",
    ),
    "undefined": ({"disks": [DATA], "driftPolicy": "Report"}, "virsh undefine; virsh destroy; the next operator; correct"),
    "drift": (
        {"nics": [LAN], "driftPolicy": "Report"},
        "virsh edit; virsh suspend; virsh autostart --disable; virsh setmem; a nic is unplugged; virsh domrename",
    ),
    "probed": (
        {"probes": PROBES},
        "ready; the next operator; not ready; ready; dead; guest no longer obeys; not ready; time passes; time passes; "
        "ready; no longer probed",
    ),
    "probed, and reported": ({"probes": PROBES, "driftPolicy": "Report"}, "ready; virsh suspend; virsh resume; not ready"),
    "the host": (
        {"disks": [DATA], "nics": [LAN]},
        "the link is cut; more memory; the link is back; the network goes; restart; the network is back; time passes; "
        "the link is cut; deleted; the link is back",
    ),
    "a namesake": ({}, "halt; deleted; released; a namesake; here again; no namesake; always; a namesake"),
    "not admitted": ({}, "deleted; released; not admitted; here again; admitted"),
    "taken down": ({"disks": [DATA]}, "taken down"),
    "left": ({"disks": [{**DATA, "reclaimPolicy": "Retain"}]}, "files stay; deleted"),
    "left, and low": ({"disks": [DATA]}, "a trash; little space; files stay; deleted"),
    "left, and unknown": ({"disks": [DATA]}, "a trash; nothing is known; deleted"),
    "suspended": ({"disks": [DATA]}, "suspend; virsh destroy; virsh edit; always"),
    "passing": ({}, "the guest starts; virsh resume; the guest goes down; the guest sleeps; guest stops on a full disk"),
    "saved": ({"runStrategy": "Manual", "power": "Running"}, "save; the next operator; pause; run by hand; stop"),
    "reverted": (
        {"disks": [ROOT, DATA], "nics": [LAN]},
        "virsh snapshot-create; more memory; restart; virsh snapshot-revert; the next operator; virsh destroy; "
        "virsh snapshot-create; virsh snapshot-revert; virsh snapshot-create-as --disk-only; more memory",
    ),
    "followed": (
        {"disks": [ROOT, DATA], "updatePolicy": "Never"},
        "an overlay in the running guest only; more memory; virsh edit; restart; "
        "an overlay put into the definition only; another disk; virsh destroy",
    ),
    "followed, and reported": (
        {"disks": [DATA], "nics": [LAN], "driftPolicy": "Report"},
        "an overlay in the running guest only; virsh edit; virsh detach-interface --live; no nic; virsh destroy; always",
    ),
    "behind a password": (
        {"display": {"vnc": {"passwordFile": "/run/vnc"}}, "nics": [LAN]},
        "a password; halt; always; another password; a password in the file that is gone; guest crashes; other nics; no password",
    ),
    "overlooked": (
        {"disks": [DATA]},
        "virsh snapshot-create-as --disk-only + virsh destroy + virsh undefine; halt; time passes; deleted",
    ),
    "gone at once": ({}, "deleted; released; going already"),
    "a disk that cannot be had": (
        {"disks": [DATA], "nics": [LAN]},
        "a smaller disk; virsh destroy; the network goes; virsh destroy; time passes; the network is back; an image",
    ),
    "raw": ({"disks": [DATA]}, "the note is broken; virsh undefine; virsh destroy; time passes"),
}


class Clock:
    """Ours to set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


class Probing:
    """Says what it is to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: ProbedHealth | None = None

    def watch(self, key: Key, run: str, probes: object, guest: object, healthy: bool = False) -> None:
        self.asked.append(f"watch {run}{' healthy' if healthy else ''}")

    def forget(self, key: Key) -> None:
        self.asked.append("forget")

    def health(self, key: Key) -> ProbedHealth | None:
        return self.says


HEALTH: dict[str, ProbedHealth] = {
    "ready": ProbedHealth(True, True, True, True, "HTTP 200"),
    "not ready": ProbedHealth(True, False, True, False, "HTTP 503"),
    "dead": ProbedHealth(True, False, False, True, "HTTP 500"),
}


class Scene:
    """One machine, its host, and an operator."""

    def __init__(self, spec: Spec) -> None:
        self.first = machine(**spec)
        self.key = self.first.key
        self.shelf, self.host = Shelf(self.first), WorldHost()
        self.clock, self.probing = Clock(), Probing()
        self.refusal: Waiting | None = None
        self.secret: Secret | None = None
        self.host.secret = lambda path: self.secret  # type: ignore[method-assign]
        self.lines: list[str] = []
        self.next_operator()

    def next_operator(self, **options: Any) -> None:
        self.woken: list[Key] = []
        self.reconciler = a_reconciler(
            self.shelf, self.host, wake=self.woken.append, admits=lambda vm, made_here: self.refusal, **options
        )
        self.reconciler._clock = self.clock  # type: ignore[assignment]
        self.reconciler._prober = self.probing  # type: ignore[assignment]

    @property
    def machine(self) -> VirtualMachine:
        found = self.shelf.resources[self.key]
        assert isinstance(found, VirtualMachine)
        return found

    def edit(self, **spec: Any) -> None:
        self.shelf.put(changed(self.machine, **spec))

    def take(self, what: str) -> None:
        """The step of that name."""
        host, world, kind = self.host, self.host.world, what.partition(" ")[0]
        steps: dict[str, Callable[[], Any]] = {
            "addresses": lambda: host.seen_at.update(
                {nic.mac: [("10.0.0.7", "Agent"), ("fe80::7", "Lease")] for nic in self.live_nics()}
            ),
            "the next operator": self.next_operator,
            "time passes": lambda: setattr(self.clock, "time", self.clock.time + 400.0),
            "nothing fails": lambda: (host.failing.clear(), host.refusing.clear()),
            "deleted": lambda: self.shelf.put(deleted(self.machine)),
            "released": lambda: None,
            "going already": lambda: self.shelf.put(deleted(self.first)),
            "here again": lambda: self.shelf.put(self.first),
            "a smaller disk": lambda: self.edit(disks=[{**DATA, "size": "512Mi"}]),
            "an image": lambda: self.edit(disks=[{**DATA, "image": IMAGE}]),
            "correct": lambda: self.edit(driftPolicy=None),
            "no longer probed": lambda: self.edit(probes=None),
            "a namesake": lambda: host.strangers.update({"default-web": namesake(self.first), "web": namesake(self.first)}),
            "no namesake": host.strangers.clear,
            "not admitted": lambda: setattr(self, "refusal", Waiting("NoHostMatches", "in maintenance", 30.0)),
            "admitted": lambda: setattr(self, "refusal", None),
            "taken down": lambda: self.next_operator(teardown=True),
            "files stay": lambda: setattr(host, "left", ["data.qcow2"]),
            "nothing is known": lambda: setattr(host, "unreadable", "denied"),
            "little space": lambda: setattr(host, "room", Space(total=100 * 2**30, free=2**20)),
            "a trash": self.a_trash,
            "a password": lambda: setattr(self, "secret", Secret(SecretStr("one"), "1")),
            "another password": lambda: setattr(self, "secret", Secret(SecretStr("two"), "2")),
            "a password in the file that is gone": lambda: setattr(self, "secret", None),
            "no password": lambda: self.edit(display=None),
        }
        if what in steps:
            steps[what]()
        elif what in HEALTH:
            self.probing.says = HEALTH[what]
        elif what in EDITS:
            self.edit(**EDITS[what])
        elif what in HAPPENINGS:
            happen(world, what)
        elif what in MORE:
            could(MORE[what], world)
        elif what.endswith(" fails"):
            host.failing[getattr(act, kind)] = "no space left"
        else:
            host.refusing[getattr(act, kind)] = "unsupported"

    def live_nics(self) -> Any:
        domain = self.host.world.domain
        return domain.live.nics if domain and domain.live else ()

    def a_trash(self) -> None:
        self.host.world.host = replace(self.host.world.host, trash_keep=3600.0)
        for number, uid in enumerate((self.first.identity, "another's")):
            entry = TrashEntry(
                f"e{number}", "default", "web", uid, "deleted", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True,
                disks=(TrashedDisk("old", "/state/old.qcow2", 1, 1, None, "", ""),),
            )  # fmt: skip
            self.host.aside.append(entry)

    async def play(self, title: str) -> None:
        self.lines.append(f"  {title}")
        for _ in range(12):
            if self.key not in self.shelf.resources:
                return
            if not await self.reconcile():
                return
        self.lines.append("    and so on")

    async def reconcile(self) -> bool:
        """Whether more is to come by itself."""
        shelf, host, before = self.shelf, self.host, self.machine.status
        host.done.clear(), shelf.told.clear(), shelf.statuses.clear(), host.recalled.clear()
        self.probing.asked.clear(), self.woken.clear()
        goes_on = False
        try:
            after = await self.reconciler.reconcile(self.machine)
            shown = "gone" if after is GONE else "rests" if after.after is None else f"in {after.after:.3g} s"
            goes_on = after is not GONE and (after.after == 0 or host.busy)
        except DriverError as error:
            shown = f"fails: {error}"
        did = [*map(step, host.done), *(f"recall {run} {list(known.values())}" for run, known in host.recalled)]
        self.lines.append(f"    {' '.join([*did, *self.probing.asked])} → {shown}")
        said = shelf.said.pop(self.key, [])
        self.lines += [f"      {reason}: {message}" for (_, reason), message in zip(shelf.told, said, strict=True)]
        if self.key in shelf.resources and self.machine.status != before:
            self.lines.append(f"      {self.status()}")
        host.tick()
        return goes_on

    def status(self) -> str:
        status = self.machine.status
        assert status is not None
        return "\n        ".join(f"{name}: {value}" for name, value in plain(status.dump()).items() if value)


def plain(value: Any) -> Any:
    """Without times; a condition in one line."""
    match value:
        case {"type": kind, "status": status, "reason": reason, **rest}:
            return f"\n          {kind} {status} {reason} {rest.get('message', '')}".rstrip()
        case dict():
            return {name: plain(inner) for name, inner in value.items() if name not in TIMES}
        case list():
            return " ".join(str(plain(inner)) for inner in value)
    return value


@pytest.mark.parametrize("name", ROWS)
async def test_what_is_asked_told_and_written_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    spec, row = ROWS[name]
    scene = Scene(spec)
    await scene.play("it comes up")
    for what in row.split("; "):
        for part in what.split(" + "):
            scene.take(part)
        await scene.play(what)
    scene.probing.asked.clear()
    scene.reconciler.forget(scene.key)
    left = [scene.reconciler._memory, scene.reconciler.summaries, scene.reconciler.known, scene.woken, scene.probing.asked]
    text = "\n".join([*scene.lines, f"  forgotten: {left}"]) + "\n"
    golden = FOLDER / f"{name.replace(', ', ' ').replace(' ', '-')}.txt"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
