"""`--server URL`: commands change what a server has as they do on its host, as far as whoever signed in may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api import inside
from tests.api.commanding import User, bob_at_home
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")]
MACHINE = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {{name: {}}}\nspec: {}\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("served")
    settle(root / "state", bob=Role.USER)
    with serving(root) as found:
        for owner, name in (("bob", "mine"), ("root", "theirs")):
            assert Person(found.http, owner).status("POST", "vms", json={"name": name, "spec": {}}) == 201
        deployment = {"name": "web", "spec": {"replicas": 1, "template": {"spec": {}}}}
        assert Person(found.http, "bob").status("POST", "deployments", json=deployment) == 201
        yield found


@pytest.fixture
def bob(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> User:
    return bob_at_home(api, tmp_path, monkeypatch, capsys)


def given(user: User, text: str) -> str:
    file = user.home / "given.yaml"
    file.write_text(text)
    return str(file)


def written(user: User, name: str) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(user.api.written("virtualmachines", name))
    return document


def test_power(bob: User) -> None:
    said = bob.there("stop", "mine")
    assert said.out == "virtualmachine.homeostat.dev/mine patched (stop: runStrategy: Halted)\n" and said.code == 0
    assert written(bob, "mine")["spec"] == {"runStrategy": "Halted"}
    assert "unchanged (stop: it is so already)" in bob.there("stop", "mine").out
    assert "patched (start" in bob.there("start", "mine").out
    assert not written(bob, "mine").get("spec") and "annotations" not in str(written(bob, "mine"))
    assert "patched (suspend: suspend: true)" in bob.there("suspend", "vm/mine").out
    theirs = bob.there("restart", "theirs")
    assert theirs.code == 1 and '"theirs" not found' in theirs.err


def test_scale(bob: User) -> None:
    assert bob.there("scale", "vmd/web", "--replicas", "3").out.endswith("/web scaled to 3\n")
    assert bob.there("get", "vmd", "web").out.split("\n")[1].split()[1] == "0/3"
    assert "has replicas: 3, not 7" in bob.there("scale", "web", "--replicas", "1", "--current-replicas", "7").err


def test_apply_writes_nothing_where_the_server_refuses_a_part(bob: User) -> None:
    both = given(bob, MACHINE.format("part", "{}") + "---\n" + MACHINE.format("theirs", "{}"))
    said = bob.there("apply", "-f", both)
    assert said.code == 1 and "given.yaml:6: vm/theirs: " in said.err and not said.out
    assert not bob.api.written("virtualmachines", "part")


def test_apply_takes_what_names_what_comes_with_it(bob: User) -> None:
    disk = "apiVersion: homeostat.dev/v1alpha1\nkind: Disk\nmetadata: {name: vol}\nspec: {size: 1Mi}\n"
    both = given(bob, MACHINE.format("with-vol", "{disks: [{name: vol, diskRef: {name: vol}}]}") + "---\n" + disk)
    assert bob.there("apply", "-f", both).out.splitlines() == [
        "disk.homeostat.dev/vol created",
        "virtualmachine.homeostat.dev/with-vol created",
    ]


def test_apply_keeps_to_the_three_way_rule(bob: User) -> None:
    name = "virtualmachine.homeostat.dev/new"
    first = given(bob, MACHINE.format("new", "{runStrategy: Halted, suspend: true}"))
    assert bob.there("apply", "-f", first, "--dry-run").out == f"{name} created (dry run)\n"
    assert not bob.api.written("virtualmachines", "new")
    assert bob.there("apply", "-f", first).out == f"{name} created\n"
    assert written(bob, "new")["metadata"] == {"name": "new", "labels": {OWNER: "bob"}}
    assert bob.there("apply", "-f", first).out == f"{name} unchanged\n"
    assert bob.there("start", "new").code == 0
    second = given(bob, MACHINE.format("new", "{resources: {vcpu: 2}}"))
    assert bob.there("apply", "-f", second, "--dry-run").out == f"{name} configured (dry run)\n"
    assert bob.there("apply", "-f", second).out == f"{name} configured\n"
    assert written(bob, "new")["spec"] == {"resources": {"vcpu": 2}}, "what was applied, and is not any more, goes"
    assert written(bob, "new")["metadata"] == {"name": "new", "labels": {OWNER: "bob"}}, "whose it is, stays"
    entries = Person(bob.api.http, "root").ask("GET", "audit?kind=VirtualMachine&name=new").json()["entries"]
    applied = [entry["message"] for entry in entries if entry["verb"] == "apply"]
    assert applied == ["spec.resources.vcpu", "spec.runStrategy, spec.suspend", "spec.runStrategy, spec.suspend"]


def test_what_apply_refuses(bob: User) -> None:
    theirs = bob.there("apply", "-f", given(bob, MACHINE.format("theirs", "{runStrategy: Halted}")))
    assert theirs.code == 1 and "exists already" in theirs.err and "theirs.yaml" not in theirs.err
    assert theirs.err.startswith(f"error: {bob.home}/given.yaml:1: vm/theirs: "), "it says which document"
    taken = MACHINE.format("mine, labels: {homeostat.dev/owner: eve}", "{}")
    assert "is written by the server" in bob.there("apply", "-f", given(bob, taken)).err
    noted = MACHINE.format("mine, annotations: {homeostat.dev/owner: eve}", "{}")
    assert "homeostat.dev/owner is written by Homeostat alone" in bob.there("apply", "-f", given(bob, noted)).err
    other = MACHINE.format("thief, annotations: {homeostat.dev/identity: default/thief/0b5c}", "{}")
    assert "homeostat.dev/identity is written by Homeostat alone" in bob.there("apply", "-f", given(bob, other)).err
    assert not bob.api.written("virtualmachines", "thief")
    wrong = bob.there("apply", "-f", given(bob, MACHINE.format("mine", "{runStrategi: Halted}")))
    assert wrong.code == 1 and "did you mean" in wrong.err and "nothing was changed" in wrong.err
    host = "apiVersion: homeostat.dev/v1alpha1\nkind: Host\nmetadata: {name: h}\nspec: {uri: 'qemu+ssh://h/system'}\n"
    assert "not over REST" in bob.there("apply", "-f", given(bob, host)).err


def test_delete(bob: User) -> None:
    assert bob.there("apply", "-f", given(bob, MACHINE.format("brief", "{}"))).code == 0
    said = bob.there("delete", "vm", "brief")
    assert said.out == "virtualmachine.homeostat.dev/brief deleted\n" and said.code == 0
    assert not bob.api.written("virtualmachines", "brief")
    assert '"theirs" not found' in bob.there("delete", "vm", "theirs").err
    assert bob.api.written("virtualmachines", "theirs")


def test_a_snapshot(bob: User) -> None:
    assert bob.there("snapshot", "create", "mine", "before").out == "snapshot.homeostat.dev/before created\n"
    assert bob.there("delete", "snapshot", "before").code == 0


def test_a_right_that_is_missing_is_named(bob: User) -> None:
    with_right = bob.api.http.post
    root = Person(bob.api.http, "root")
    grant = {"account": "bob", "rights": ["see"], "namespace": "default", "kind": "VirtualMachine", "name": "theirs"}
    assert with_right("/api/v1/grants", json=grant, headers=root.headers).status_code == 201
    said = bob.there("stop", "theirs")
    assert said.code == 1 and "VirtualMachine theirs is not yours to change" in said.err
    assert "`homeostat whoami`" in said.err
