"""kubectl, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.rig.kubernetes.looking import knows, look_of
from tests.rig.waiting import wait_until

Object = dict[str, Any]
SOON = 30.0  # seconds for anything that one controller has to do


class KubectlError(RuntimeError):
    """kubectl failed. The message is what it wrote to stderr."""

    def __init__(self, words: tuple[str, ...], stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(words)}: {stderr.strip()}")
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Calls by one user, in one namespace unless the words say otherwise. ``home`` holds its cache of the known kinds."""

    program: Path
    kubeconfig: Path
    home: Path
    namespace: str = "default"

    def within(self, namespace: str) -> Kubectl:
        return replace(self, namespace=namespace)

    def __call__(self, *words: str, stdin: str = "") -> str:
        """Returns what it printed. Raises KubectlError where it failed."""
        done = self.run(*words, stdin=stdin)
        if done.returncode != 0:
            raise KubectlError(words, done.stderr)
        return done.stdout

    def run(self, *words: str, stdin: str = "", editor: str = "false", timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs it, whatever the result. ``editor`` is a command for `kubectl edit`; ``timeout`` is in seconds."""
        return subprocess.run(
            [self.program, "--namespace", self.namespace, *words],
            input=stdin,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "TMPDIR": str(self.home),  # where `kubectl edit` leaves what was refused
                "KUBECONFIG": str(self.kubeconfig),
                "KUBE_EDITOR": editor,
            },
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def refused(self, *words: str, stdin: str = "") -> str:
        """Returns what it wrote to stderr. Raises AssertionError where it was not refused."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(words)} was to be refused, but did it: {done.stdout}"
        return done.stderr

    def apply(self, *documents: str | Mapping[str, Any], options: tuple[str, ...] = ()) -> str:
        """Applies documents, as YAML text or as values; ``options`` such as ``("--server-side",)``. Once more where an operator
        made one between kubectl's look and its write, as it makes its hosts."""
        words, text = ("apply", *options, "-f", "-"), as_yaml(*documents)
        try:
            return self(*words, stdin=text)
        except KubectlError as error:
            if "(AlreadyExists)" not in str(error):
                raise
        return self(*words, stdin=text)

    def create(self, *documents: str | Mapping[str, Any], options: tuple[str, ...] = ()) -> str:
        """Creates documents. The API server alone judges them, since kubectl takes longer to read what is valid than to ask."""
        return self("create", "--validate=false", *options, "-f", "-", stdin=as_yaml(*documents))

    def get(self, kind: str, name: str) -> Object:
        found: Object = self._look(kind, name) or json.loads(self("get", kind, name, "-o", "json"))
        return found

    def list(self, kind: str, *options: str) -> list[Object]:
        found: list[Object] = json.loads(self("get", kind, *options, "-o", "json"))["items"]
        return found

    def exists(self, kind: str, name: str) -> bool:
        return self._look(kind, name) is not None or self("get", kind, name, "--ignore-not-found", "-o", "name") != ""

    def delete(self, kind: str, name: str, *options: str) -> str:
        """Deletes and returns at once: finalizers may take some time."""
        return self("delete", kind, name, "--wait=false", *options)

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> str:
        """Sends a merge patch of the object (for its status see ControlPlane.api)."""
        return self("patch", kind, name, "--type=merge", "-p", json.dumps(change))

    def wait_for(
        self, kind: str, name: str, condition: Callable[[Object], object], timeout: float = SOON, what: str = ""
    ) -> Object:
        """Returns the object once it is there and the condition holds."""
        known = knows(kind)

        def look() -> Object:
            found = self._look(kind, name) if known else self.get(kind, name)
            return found if found and condition(found) else {}

        try:
            return wait_until(look, timeout, what or f"{kind}/{name} is as expected", interval=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.run('get', kind, name, '-o', 'yaml').stdout}") from None

    def wait_gone(self, kind: str, name: str, timeout: float = SOON) -> None:
        wait_until(lambda: not self.exists(kind, name), timeout, f"{kind}/{name} is gone", interval=0.2)  # as kubectl says

    def _look(self, kind: str, name: str) -> Object | None:
        """Reads an object without kubectl. None: it is not there, cannot be read, or only kubectl knows the kind."""
        return look_of(self.kubeconfig).at(kind, self.namespace, name) if knows(kind) else None


def as_yaml(*documents: str | Mapping[str, Any]) -> str:
    return "\n---\n".join(document if isinstance(document, str) else yaml.safe_dump(dict(document)) for document in documents)


def condition_of(thing: Object, kind: str) -> Object:
    """Returns a condition of its status, {} while there is none."""
    conditions: list[Object] = thing.get("status", {}).get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == kind), {})
