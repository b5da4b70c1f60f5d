"""kubectl edit: a change in an editor, and one that is refused, with the reason where the user looks: in the editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl


class Editor:
    """Replaces one text by another, and remembers what it was shown."""

    def __init__(self, folder: Path) -> None:
        self.program, self._shown = folder / "editor", folder / "shown"

    def that_replaces(self, old: str, new: str) -> str:
        self.program.write_text(f'#!/bin/sh\ncat "$1" >>"{self._shown}"\nexec sed -i "s/{old}/{new}/" "$1"\n')
        self.program.chmod(0o755)
        return str(self.program)

    @property
    def shown(self) -> str:
        return self._shown.read_text()


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


def test_a_change_is_stored(crds: list[str], kubectl: Kubectl, editor: Editor) -> None:
    kubectl.create(machine(named="web", runStrategy="Halted"))

    kubectl.run("edit", "vm", "web", editor=editor.that_replaces("Halted", "Always")).check_returncode()

    assert kubectl.get("vm", "web")["spec"] == {"runStrategy": "Always"}


def test_a_mistake_is_told(crds: list[str], kubectl: Kubectl, editor: Editor) -> None:
    kubectl.create(machine(named="web", runStrategy="Halted"))

    done = kubectl.run("edit", "vm", "web", editor=editor.that_replaces("Halted", "Off"))

    assert done.returncode != 0
    assert "is invalid" in done.stderr
    assert "spec.runStrategy: Unsupported value" in editor.shown
    assert kubectl.get("vm", "web")["spec"] == {"runStrategy": "Halted"}
