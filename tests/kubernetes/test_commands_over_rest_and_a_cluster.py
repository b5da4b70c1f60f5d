"""`--server URL` of an API that serves a cluster's resources: commands do to these what they do to a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.commanding import User, bob_at_home
from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.api.people import settle
from tests.kubernetes.operating import SOON
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

MACHINE = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {{name: {}}}\nspec: {}\n"


@pytest.fixture
def bob(
    plane: ControlPlane,
    namespace: str,
    crds: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[User]:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path, where=Namespace(plane, namespace)) as api:
        yield bob_at_home(api, tmp_path, monkeypatch, capsys)


def in_the_cluster(user: User, name: str) -> dict[str, Any] | None:
    assert isinstance(user.api.where, Namespace)
    kubectl = user.api.where.plane.kubectl.within(user.api.where.name)
    return kubectl.get("virtualmachines", name) if kubectl.exists("virtualmachines", name) else None


def test_what_is_applied_is_in_the_cluster_and_goes_with_delete(bob: User, tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text(MACHINE.format("new", "{runStrategy: Halted, suspend: true}"))
    name = "virtualmachine.homeostat.dev/new"
    assert bob.there("apply", "-f", str(file), "--dry-run").out == f"{name} created (dry run)\n"
    assert in_the_cluster(bob, "new") is None
    assert bob.there("apply", "-f", str(file)).out == f"{name} created\n"
    made = in_the_cluster(bob, "new")
    assert made and made["metadata"]["labels"] == {OWNER: "bob"} and made["spec"]["suspend"] is True
    assert bob.there("apply", "-f", str(file)).out == f"{name} unchanged\n"
    file.write_text(MACHINE.format("new", "{resources: {vcpu: 2}}"))
    assert bob.there("apply", "-f", str(file)).out == f"{name} configured\n"
    changed = in_the_cluster(bob, "new")
    assert changed and changed["spec"]["resources"]["vcpu"] == 2 and not changed["spec"].get("suspend")
    assert changed["metadata"]["labels"] == {OWNER: "bob"}, "whose it is, stays"
    assert "patched (stop" in bob.there("stop", "new").out
    wait_until(lambda: "new" in bob.there("get", "vms").out, SOON, "the list has it")
    described = bob.there("describe", "vm", "new")
    assert described.code == 0 and "Halted" in described.out
    wrong = MACHINE.format("new", "{runStrategi: Halted}")
    file.write_text(wrong)
    refused = bob.there("apply", "-f", str(file))
    assert refused.code == 1 and f"{file}:4" in refused.err and "did you mean" in refused.err
    said = bob.there("delete", "vm", "new", "--no-wait")
    assert said.code == 0, said.err
    wait_until(lambda: in_the_cluster(bob, "new") is None, SOON, "it is gone")
