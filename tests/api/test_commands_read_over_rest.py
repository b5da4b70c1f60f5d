"""`--server URL`: what commands show of a server is what they show on its host, as far as whoever signed in sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.machine import MachineState
from tests.api import inside
from tests.api.commanding import User
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("served")
    settle(root / "state", bob=Role.USER)
    with serving(root) as found:
        disks = [{"name": "root", "image": {"url": "https://carol:secret@images.example/web.qcow2"}}]
        for owner, name, spec in (("bob", "mine", {"disks": disks}), ("root", "theirs", {"runStrategy": "Halted"})):
            person = Person(found.http, owner)
            assert person.status("POST", "vms", json={"name": name, "spec": spec}) == 201
            assert person.status("POST", "disks", json={"name": name, "spec": {"size": "1Mi"}}) == 201
        found.operator.running("mine", ip="10.0.0.7")
        found.operator.event("mine", "Started", "it runs")
        found.operator.event("theirs", "Stopped", "it is off")
        assert Person(found.http, "bob").status("PATCH", "vms/mine/spec", json={"description": "web"}) in (200, 400)
        yield found


@pytest.fixture
def user(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> User:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return User(api, tmp_path, capsys)


SHOWN = [
    ["get", "vms"],
    ["get", "vms", "-o", "wide"],
    ["get", "vms", "-o", "yaml"],
    ["get", "vm", "mine", "-o", "json"],
    ["get", "vm/mine", "disk/theirs"],
    ["get", "all", "-A"],
    ["get", "errors"],
    ["get", "vm", "nothing"],
    ["describe", "vm", "mine"],
    ["describe", "disk"],
    ["events"],
    ["events", "mine", "-o", "json"],
    ["get", "events"],
    ["disk", "list"],
]


def ageless(text: str) -> str:
    """Hides ages and the width of columns: the two did not look in the same second."""
    return re.sub(r" +", " ", re.sub(r"\b(\d+[smhd])+\b", "AGE", text))


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_an_administrator_reads_what_the_host_shows(user: User, words: list[str]) -> None:
    user.login("root")
    there, here = user.there(*words), user.here(*words)
    assert (there.code, ageless(there.out)) == (here.code, ageless(here.out))
    assert there.err == here.err
    assert here.out or here.err


def test_a_user_reads_what_is_his(user: User) -> None:
    user.login("bob")
    assert "theirs" not in user.there("get", "all", "-o", "wide").out
    assert "mine" in user.there("get", "vms").out
    assert "secret" in user.there("get", "vms", "-o", "yaml").out
    gone = user.there("describe", "vm", "theirs")
    assert gone.code == 1 and 'virtualmachines "theirs" not found' in gone.err
    assert "theirs" not in user.there("events").out


def test_logs_are_read_in_parts(user: User) -> None:
    log = user.api.state / "machines" / "default" / "mine" / "console.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"line {number}\n" for number in range(200_000)))
    user.api.operator.report("mine", MachineState.RUNNING, console_log=str(log))
    user.login("bob")
    assert user.there("logs", "mine").out == user.here("logs", "mine").out == log.read_text()
    assert user.there("logs", "vm/mine", "--tail", "2").out == "line 199998\nline 199999\n"
    assert '"theirs" not found' in user.there("logs", "theirs").err
    secret = user.home / "secret"
    secret.write_text("of the host")
    user.api.operator.report("mine", MachineState.RUNNING, console_log=str(secret))
    elsewhere = user.there("logs", "mine")
    assert elsewhere.code == 1 and "not in the state folder of this server" in elsewhere.err and not elsewhere.out


def test_who_did_not_sign_in_reads_nothing(user: User) -> None:
    said = user.there("get", "vms")
    assert said.code == 1 and f"sign in again: `homeostat login {user.url}`" in said.err and not said.out
