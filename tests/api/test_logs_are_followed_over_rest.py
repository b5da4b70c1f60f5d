"""`logs -f --server`: prints what the guest writes until the right to it ends. A server that is away is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.models.machine import MachineState
from tests.api import inside
from tests.api.commanding import User
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, accounts, settle
from tests.rig.waiting import wait_until

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def log(api: Api) -> Path:
    assert Person(api.http, "bob").status("POST", "vms", json={"name": "mine"}) == 201
    path = api.state / "machines" / "default" / "mine" / "console.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("begun\n")
    api.operator.report("mine", MachineState.RUNNING, console_log=str(path))
    return path


@pytest.fixture
def following(
    api: Api, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The command of somebody who has signed in, which has printed what was there."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    user = User(api, tmp_path, capsys)
    user.login("bob")
    words = [sys.executable, "-m", "homeostat.cli.main", "logs", "-f", "mine", "--server", user.url]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err, env=os.environ)
    try:
        wait_until(lambda: (tmp_path / "out").read_text() == "begun\n", 30, "what was there is printed")
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_the_guest_writes_is_printed(following: subprocess.Popen[bytes], log: Path, tmp_path: Path) -> None:
    for line in ("first\n", "second\n"):
        with log.open("a") as file:
            file.write(line)
        wait_until(lambda: (tmp_path / "out").read_text().endswith(line), 30, "the line is printed")  # noqa: B023 - at once
    assert (tmp_path / "out").read_text() == "begun\nfirst\nsecond\n" and following.poll() is None


def test_it_ends_with_the_right(following: subprocess.Popen[bytes], api: Api, tmp_path: Path) -> None:
    with accounts(api.state) as known:
        known.ban("bob")
    assert following.wait(30) == 1
    assert "sign in again: `homeostat login" in (tmp_path / "err").read_text()


def test_a_server_that_is_away_is_waited_for(following: subprocess.Popen[bytes], api: Api, log: Path, tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    api.process.terminate()
    api.process.wait()
    wait_until(lambda: "waiting for it" in err.read_text(), 60, "it says that it waits")
    with log.open("a") as file:
        file.write("meanwhile\n")
    with serving(tmp_path, port=api.port, where=api.where):
        wait_until(lambda: out.read_text() == "begun\nmeanwhile\n", 60, "it goes on where it was")
        lines = err.read_text().splitlines()
        assert len(lines) == 2 and "does not answer" in lines[0] and "answers again" in lines[1]
        assert following.poll() is None
