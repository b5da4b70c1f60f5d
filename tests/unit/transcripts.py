"""What transcripts are made of: edits of a machine, more of what may happen to it, and steps in one line each."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import fields, replace
from typing import Any

from homeostat.planner.actions import Action
from homeostat.planner.domain import DomainConfig, Record
from homeostat.planner.observed import DomainState
from tests.unit.domains import Refused
from tests.unit.machines import IMAGE, Happening, Spec
from tests.unit.world import HOST, World

HOME = "/state/machines/default/web"
ROOT: Spec = {"name": "root", "image": IMAGE, "size": "2Gi"}
DATA: Spec = {"name": "data", "size": "1Gi"}
LAN: Spec = {"name": "lan", "network": "default"}
USER: Spec = {"name": "user", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}
SEED: Spec = {"userData": "#cloud-config\n"}
KERNEL: Spec = {"url": "https://example.org/vmlinuz"}
ISO: Spec = {"name": "iso", "type": "cdrom", "image": IMAGE}
MANUAL: Spec = {"runStrategy": "Manual", "power": "Running"}

EDITS: dict[str, Spec] = {
    "more memory": {"resources": {"memory": "1Gi", "vcpu": 2}},
    "less memory": {"resources": {"memory": "64Mi"}},
    "a larger disk": {"disks": [{**ROOT, "size": "3Gi"}, {**DATA, "size": "2Gi"}]},
    "another disk": {"disks": [ROOT, DATA, {"name": "new", "size": "1Gi"}]},
    "no disk": {"disks": []},
    "another medium": {"disks": [ROOT, DATA, {**ISO, "image": {"url": "https://example.org/other.iso", "format": "iso"}}]},
    "other nics": {"nics": [LAN, {"name": "wan", "bridge": "br0"}]},
    "no nic": {"nics": []},
    "another seed": {"cloudInit": {"userData": "#cloud-config\na: 1\n"}},
    "another machine": {"machine": {"version": "6.2"}},
    "restart": {"restartedAt": "t1"},
    "power off": {"poweredOffAt": "t1"},
    "halt": {"runStrategy": "Halted", "power": None},
    "always": {"runStrategy": "Always", "power": None},
    "pause": {"runStrategy": "Manual", "power": "Paused"},
    "save": {"runStrategy": "Manual", "power": "Saved"},
    "stop": {"runStrategy": "Manual", "power": "Stopped"},
    "run by hand": MANUAL,
    "report": {"driftPolicy": "Report"},
    "suspend": {"suspend": True},
    "power off, and another nic": {
        "poweredOffAt": "t2",
        "nics": [{"name": "wan", "bridge": "br0"}],
        "runStrategy": "Halted",
        "power": None,
    },
}


def _host(**facts: Any) -> Happening:
    return lambda world: setattr(world, "host", replace(world.host, **facts))


def _world(**values: Any) -> Happening:
    def change(world: World) -> None:
        for name, value in values.items():
            setattr(world, name, copy(value))

    return change


def _passing(world: World) -> None:
    world.pause("starting-up")


def _down(world: World) -> None:
    world._running().state = DomainState.SHUTTING_DOWN


def _asleep(world: World) -> None:
    world._running().state = DomainState.SUSPENDED


def _renamed(world: World) -> None:
    domain = world._own()
    domain.name = "another"
    domain.config = replace(domain.config, name="another") if domain.config else None


MORE: dict[str, Happening] = {
    "virsh setmem": _world(balloon=2**26),
    "the balloon's driver goes": _world(driver=False),
    "a nic is unplugged": _world(unplugged={"lan": "on no bridge"}),
    "the agent listens": _world(agent=True),
    "the network goes": _host(networks=frozenset()),
    "the network is back": _host(networks=HOST.networks),
    "the host boots": _host(boot_id="second"),
    "the host has less": _host(memory=2**28, cpus=1),
    "the link is cut": _host(reachable=False),
    "the link is back": _host(reachable=True),
    "the note is broken": _world(moved_problem="moved.json is no JSON"),
    "the guest starts": _passing,
    "the guest goes down": _down,
    "the guest sleeps": _asleep,
    "virsh domrename": _renamed,
    "no file can be read": lambda world: world.unreadable.update(world.disks),
    "another has its disk": lambda world: world.others.update(dict.fromkeys(world.disks, "default/db")),
    "another has its port": _world(others={"tcp:127.0.0.1:8080": "default/db"}),
    "nobody has them": _world(others={}),
}


# What is told, or a fingerprint.
_WORDS = frozenset({"reason", "uuid", "password", "files", "resource"})
_SIGNED = frozenset({"uid", "namespace", "name", "written_at", "spec_hash", "restarted_for"})


def step(action: Action) -> str:
    known = {f.name: getattr(action, f.name) for f in fields(action) if f.name not in _WORDS}
    shown = ", ".join(f"{name}={_plain(value)}" for name, value in known.items() if value)
    return f"{type(action).__name__}({shown})"


def _plain(value: Any) -> str:
    match value:
        case Record():
            told = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in _SIGNED}
            return f"({', '.join(f'{name} {one}' for name, one in told.items() if one)}{', for' if value.restarted_for else ''})"
        case DomainConfig(disks=disks, nics=nics, kernel=kernel):
            files = [f"{d.name} {d.target} {d.source} {d.format} {d.boot_order}{' shared' if d.shared else ''}" for d in disks]
            return _plain(f"({value.machine} {value.memory} {value.vcpus}, {[*files, *(n.name for n in nics)]}, {kernel})")
    name = getattr(value, "name", None)
    text = str(name if isinstance(name, str) else getattr(value, "url", value))
    return re.sub(r"/state/images/\w+", "IMAGE", text).replace(f"{HOME}/", "")


def could(happening: Happening, world: World) -> bool:
    try:
        happening(world)
    except Refused:
        return False
    return True
