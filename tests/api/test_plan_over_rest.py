"""`homeostat plan DIR --server URL`: the server says what applying the folder would do, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.commanding import User, bob_at_home
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")]
HEAD = "apiVersion: homeostat.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("served")
    settle(root / "state", bob=Role.USER)
    with serving(root) as found:
        for owner, name in (("bob", "mine"), ("root", "theirs")):
            spec = {"resources": {"memory": "64Mi"}}
            assert Person(found.http, owner).status("POST", "vms", json={"name": name, "spec": spec}) == 201
        found.operator.running("mine")
        yield found


@pytest.fixture
def bob(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> User:
    (tmp_path / "desired").mkdir()
    return bob_at_home(api, tmp_path, monkeypatch, capsys)


def write(user: User, kind: str, name: str, spec: str) -> None:
    (user.home / "desired" / f"{name}.yaml").write_text(HEAD.format(kind, name, spec))


def test_changes_are_shown_as_here(bob: User) -> None:
    before = bob.api.written("virtualmachines", "mine")
    write(bob, "VirtualMachine", "mine", "{resources: {memory: 128Mi}, runStrategy: Halted}")
    write(bob, "VirtualMachine", "web", "{disks: [{name: root, diskRef: {name: data}}]}")
    write(bob, "Disk", "data", "{size: 1Gi}")
    said = bob.there("plan", str(bob.home / "desired"))
    assert said.code == 2, said.err
    assert "~ vm/mine will be changed  (mine.yaml:1)" in said.out
    assert "~ resources.memory   64Mi -> 128Mi" in said.out and "NeedsRestart" in said.out
    assert "~ runStrategy" in said.out
    assert "+ vm/web will be created  (web.yaml:1)" in said.out and "+ disk/data will be created  (data.yaml:1)" in said.out
    assert "not known: it rests on data, which is not there yet" in said.out
    assert "Plan: 2 to create, 1 to change, 0 to delete, 0 unchanged." in said.out
    assert bob.api.written("virtualmachines", "mine") == before and not bob.api.written("disks", "data")
    found = json.loads(bob.there("plan", str(bob.home / "desired"), "-o", "json").out)
    assert {one["name"]: one["change"] for one in found["machines"]} == {"mine": "change", "web": "create"}


def test_what_is_so_already_is_no_change(bob: User) -> None:
    write(bob, "VirtualMachine", "mine", "{resources: {memory: 64Mi}}")
    said = bob.there("plan", str(bob.home / "desired"))
    assert (said.code, said.out) == (0, "No changes: 1 as it should be.\n")


def test_what_would_be_refused_is_an_error(bob: User) -> None:
    write(bob, "VirtualMachine", "theirs", "{runStrategy: Halted}")
    said = bob.there("plan", str(bob.home / "desired"))
    assert said.code == 1 and "error: theirs.yaml:1:1: vm/theirs: " in said.err and "exists already" in said.err
    write(bob, "VirtualMachine", "theirs", "{runStrategi: Halted}")
    assert "did you mean runStrategy?" in bob.there("plan", str(bob.home / "desired")).err
    assert "which folder of YAML?" in bob.there("plan").err
