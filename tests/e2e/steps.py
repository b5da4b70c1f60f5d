"""A scenario in which the operator is killed at one step, and what is compared with the same scenario without a kill."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from lxml import etree

from tests.e2e.homeostat import SOON, Homeostat, Spec, idle
from tests.e2e.nursery import Nursery
from tests.rig.libvirtd import Libvirtd
from tests.unit.images import blob

NAME = "subject"

End = dict[str, Any]


def boundaries(steps: Sequence[str]) -> list[str]:
    """Before and after every step, as HOMEOSTAT_FAULT names them."""
    numbered = [f"{step}:{1 + list(steps[:index]).count(step)}" for index, step in enumerate(steps)]
    return [f"{moment}:{step}" for step in numbered for moment in ("before", "after")]


class Stage:
    """One room where a machine is made, changed and deleted over and over; paths and uuids stay the same."""

    def __init__(self, rig: Libvirtd) -> None:
        self.home = Homeostat(rig)
        self.nursery = Nursery(self.home.root / "nursery.log")
        self._references: dict[str, End] = {}
        self._instance = str(uuid4())  # the same in every life, so that uuids and MACs are comparable; and no other stage's

    def close(self) -> None:
        self.nursery.close()
        self.home.close()

    def image(self, name: str = "base.img") -> Path:
        path = self.home.root / name
        if not path.exists():
            path.write_bytes(name.encode() + blob(2**20)[len(name) :])
        return path

    def reference(self, title: str, scenario: Callable[[], End]) -> End:
        """The end without a kill; made once."""
        if title not in self._references:
            self._references[title] = scenario()
        return self._references[title]

    def clear(self) -> None:
        """As if nothing had ever been."""
        home = self.home
        home.forget_reader()
        home.clear(NAME)
        for room in (home.folder, home.state):
            shutil.rmtree(room, ignore_errors=True)
        home.folder.mkdir()
        home.state.mkdir(mode=0o710)
        (home.state / "instance-id").write_text(self._instance + "\n")
        home.write("stay", idle(suspend=True))  # a folder that becomes empty would delete nothing

    def reach(self, spec: Spec | None, *, steps: Sequence[str] | None = None, fault: str = "") -> End:
        """Writes the spec (None: removes the file) while no operator runs, and lets one carry it out.

        ``steps`` is what it must do, in this order. With a ``fault`` that one is killed by it, and another one follows.
        """
        home = self.home
        if spec is None:
            home.remove(NAME)
        else:
            home.write(NAME, spec)
        if fault:
            self.nursery.start(home.folder, home.state, home.rig.uri, fault=fault)
            code = self.nursery.wait(SOON)
            assert code == -9, f"{fault} was never reached ({code}): {self._said()}"
        trace = home.root / "trace"
        trace.unlink(missing_ok=True)
        self.nursery.start(home.folder, home.state, home.rig.uri, trace=trace)
        try:
            self._wait_for(spec)
        finally:
            code = self.nursery.stop()
        assert code == 0, self._said()
        crossed = tuple(trace.read_text().split()) if trace.exists() else ()
        assert steps is None or fault or crossed == tuple(steps), f"the steps are now {crossed}"
        return self.snapshot()

    def _wait_for(self, spec: Spec | None) -> None:
        try:
            if spec is None:
                self.home.wait_gone(NAME)
            else:
                self.home.wait_ready(NAME)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._said()}") from None

    def _said(self) -> str:
        return (self.home.root / "nursery.log").read_text(errors="replace")[-3000:]

    def snapshot(self) -> End:
        home = self.home
        machine, status = home.machine(NAME), home.status(NAME).model_dump(mode="json", exclude={"pid", "run", "started_at"})
        current = [machine.metadata.generation] if machine else [0]
        assert [status.pop("observed_generation"), *(c.pop("observed_generation") for c in status["conditions"])] == current * (
            1 + len(status["conditions"])
        ), f"not all of the status speaks of the present spec: {status}"
        for condition in status["conditions"]:
            del condition["last_transition_time"]
        exists = NAME in home.virsh("list", "--all", "--name").split()
        return {
            "status": status if machine else None,
            "definition": canonical(home.virsh("dumpxml", "--inactive", NAME)) if exists else None,
            "running": canonical(home.virsh("dumpxml", NAME)) if exists and home.state_of(NAME) == "running" else None,
            "state": home.state_of(NAME),
            "domain": _facts(home.virsh("dominfo", NAME)) if exists else None,
            "files": dict(files(home.state)),
            "yaml": {path.name: path.read_text() for path in sorted(home.folder.iterdir())},
        }


def _facts(dominfo: str) -> list[str]:
    return [line for line in dominfo.splitlines() if line.startswith(("Persistent", "Autostart", "Managed save", "UUID"))]


def canonical(xml: str) -> list[str]:
    """Without what libvirt makes anew for every run."""
    tree = etree.fromstring(xml.encode())
    tree.attrib.pop("id", "")
    for element in tree.iter():
        for name in ("tty", "portid", "generation", "writer", "writtenAt"):  # the last three are our record's: of each run others
            element.attrib.pop(name, "")
        if element.get("path", "").startswith("/dev/pts/"):
            element.attrib.pop("path")
        if re.fullmatch(r"vnet\d+", element.get("dev", "")):
            element.attrib.pop("dev")
        if element.tag == "disk":
            element.attrib.pop("index", "")
    for element in list(tree.iter("source", "backingStore")):
        element.attrib.pop("index", "")
    return etree.tostring(tree, pretty_print=True).decode().splitlines()


def files(state: Path) -> Iterator[tuple[str, Any]]:
    """Every file that is kept, disks with what qemu-img says of them."""
    for room in ("machines", "images"):
        for path in sorted((state / room).rglob("*")):
            name = str(path.relative_to(state))
            if path.suffix == ".qcow2":
                words = ["qemu-img", "info", "-U", "--output", "json", str(path)]
                found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
                yield name, (found["virtual-size"], found.get("backing-filename"))
            else:
                yield name, path.stat().st_mode


def differences(one: End, other: End) -> list[str]:
    """Readable: which part, and its first lines that differ."""
    found = []
    for part in one:
        if one[part] != other[part]:
            left, right = one[part], other[part]
            if isinstance(left, list) and isinstance(right, list):
                left, right = [line for line in left if line not in right], [line for line in right if line not in left]
            found.append(f"{part}: without a kill {left!r}, with one {right!r}")
    return found
