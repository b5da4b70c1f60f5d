"""What the YAML folder says: kept by the soak itself, so that what the operator made of it can be judged."""

from __future__ import annotations

import copy
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Spec = dict[str, Any]
VM, VMD, PLUGIN = "VirtualMachine", "VirtualMachineDeployment", "Plugin"


@dataclass(slots=True)
class Wish:
    """One resource. ``file`` is relative to the folder."""

    kind: str
    name: str
    spec: Spec
    file: str
    label: str = "0"

    @property
    def machine(self) -> Spec:
        """The spec of a machine of it."""
        spec: Spec = self.spec["template"]["spec"] if self.kind == VMD else self.spec
        return spec

    def document(self) -> dict[str, Any]:
        metadata = {"name": self.name, "labels": {"soak": self.label}}
        return {"apiVersion": "homeostat.dev/v1alpha1", "kind": self.kind, "metadata": metadata, "spec": self.spec}


def plugin_of(wish: Wish) -> str:
    """The name of the plugin that it follows; empty: none."""
    return str(wish.machine.get("pluginRef", {}).get("name", ""))


def numbered(deployment: str, machine: str) -> bool:
    """Whether it is one of the deployment's machines, by its name."""
    prefix, _, number = machine.rpartition("-")
    return prefix == deployment and number.isdigit()


class Desired:
    """``wishes`` are in force; ``gone`` were deleted on purpose, and may come back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wishes: dict[str, Wish] = {}
        self.gone: dict[str, Wish] = {}
        self.settled: set[str] = set()  # were seen to be what they should be, since they were made
        self.had_disk: set[str] = set()  # machines that were seen with a disk, which was not erased since
        self.busy: set[str] = set()  # files that are in doubt now
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        (folder / ".gitignore").write_text(".*.tmp\n")

    def of_kind(self, kind: str, *, free: bool = True) -> list[Wish]:
        """Those that may be edited now, in the order of their names."""
        found = [w for w in self.wishes.values() if w.kind == kind and not (free and w.file in self.busy)]
        return sorted(found, key=lambda wish: wish.name)

    def files(self, *, free: bool = True) -> list[str]:
        return sorted({wish.file for wish in self.wishes.values()} - (self.busy if free else set()))

    def within(self, file: str) -> list[Wish]:
        return [wish for wish in self.wishes.values() if wish.file == file]

    def names(self, *files: str) -> list[str]:
        """What these files declare, and what follows a plugin of theirs."""
        found = {wish.name for wish in self.wishes.values() if wish.file in files}
        return sorted(found | {wish.name for wish in self.wishes.values() if plugin_of(wish) in found})

    def memory(self, wish: Wish) -> str:
        """Of a machine of it."""
        spec = self.wishes[plugin_of(wish)].spec if plugin_of(wish) else wish.machine
        return str(spec["resources"]["memory"])

    def owner(self, machine: str) -> str:
        """Whose wish a machine of this name is: its own, or its deployment's."""
        return machine if machine in self.wishes else machine.rpartition("-")[0] or machine

    # Changes: each is on disk when it returns, written aside and renamed as editors do

    def put(self, wish: Wish) -> None:
        self.gone.pop(wish.name, None)
        self.wishes[wish.name] = wish
        self.write(wish.file)

    def remove(self, name: str) -> Wish:
        wish = self.wishes.pop(name)
        self.settled.discard(name)
        self.gone[name] = copy.deepcopy(wish)
        self.write(wish.file)
        return wish

    def move(self, old: str, new: str) -> None:
        for wish in self.within(old):
            wish.file = new
        (self.folder / old).rename(self.folder / new)

    def text(self, file: str) -> str:
        return yaml.safe_dump_all([wish.document() for wish in self.within(file)], sort_keys=False)

    def write(self, file: str) -> None:
        path = self.folder / file
        if not self.within(file):
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True)
        aside = path.with_name(f".{path.name}.tmp")
        aside.write_text(self.text(file))
        os.replace(aside, path)

    def write_missing(self) -> None:
        """Files that are not what they should be, such as those that git put back to what it knew."""
        for file in self.files(free=False):
            path = self.folder / file
            if not path.is_file() or path.read_bytes() != self.text(file).encode():
                self.write(file)

    # git

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=soak", "-c", "user.email=soak@localhost", "-c", "gc.auto=0", "-c", "advice.detachedHead=false")
        done = subprocess.run(["git", "-C", self.folder, *who, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def commit(self, message: str) -> None:
        """All that is there."""
        self.git("add", "--all")
        if self.git("status", "--porcelain"):
            self.git("commit", "--quiet", "-m", message)
