"""`homeostat login` and what goes with it, against a real server: the session is kept, renewed, used and ended."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.cli import stored_session
from homeostat.cli.main import run
from homeostat.cli.remote.server import RemoteServer
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.people import PASSWORD, Person, settle

pytestmark = pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")
Said = Callable[..., str]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("served")
    settle(root / "state", bob=Role.USER)
    with serving(root) as found:
        for name, owner in (("mine", "bob"), ("theirs", "root")):
            made = Person(found.http, owner).status("POST", "disks", json={"name": name, "spec": {"size": "1Mi"}})
            assert made == 201
        yield found


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Calls a command as a user with a configuration folder of his own, and returns what it said."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)

    def call(*words: str, code: int = 0) -> str:
        assert run([word.replace("PASSWORD", str(tmp_path / "password")) for word in words]) == code
        captured = capsys.readouterr()
        return captured.out + captured.err

    return call


def login(said: Said, api: Api, name: str = "bob") -> str:
    return said("login", f"http://localhost:{api.port}", "--name", name, "--password-file", "PASSWORD")


def test_from_signing_in_to_signing_out(api: Api, said: Said) -> None:
    assert f"signed in to http://localhost:{api.port} as bob" in login(said, api)
    file = stored_session.place()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and PASSWORD not in file.read_text()
    assert said("whoami") == f"bob (user) at http://localhost:{api.port}; may do to whatever there is: nothing\n"
    token = json.loads(file.read_text())["access"]
    assert said("logout") == f"signed out of http://localhost:{api.port}\n"
    assert not file.exists()
    assert api.http.get("/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "nobody has signed in here" in said("whoami", code=1)
    assert "nobody has signed in here" in said("logout", code=1)


def test_what_one_may(api: Api, said: Said) -> None:
    login(said, api)
    assert said("can-i", "delete", "disk/mine") == "yes\n"
    assert said("can-i", "delete", "disk", "theirs", code=1) == "no\n"
    assert said("can-i", "administer", code=1) == "no\n"
    assert "fly is nothing that takes a right" in said("can-i", "fly", "disk/mine", code=1)
    login(said, api, "root")
    assert said("can-i", "delete", "disk/theirs") == "yes\n"


def test_a_token_that_ends_is_renewed(api: Api, said: Said) -> None:
    login(said, api)
    file = stored_session.place()
    before = json.loads(file.read_text())
    file.write_text(json.dumps({**before, "access": "old", "expires": "2026-01-01T00:00:00.000Z"}))
    assert said("whoami").startswith("bob")
    after = json.loads(file.read_text())
    assert after["refresh"] != before["refresh"] and after["access"] != "old"
    file.write_text(json.dumps({**after, "expires": "2026-01-01T00:00:00.000Z", "refresh": "hsr_nothing"}))
    assert "sign in again: `homeostat login http://localhost" in said("whoami", code=1)


def test_the_server_and_the_token_that_are_named_are_asked(api: Api, said: Said, tmp_path: Path) -> None:
    made = Person(api.http, "root").ask("POST", "tokens", json={"name": "ci", "scopes": ["see", "change"]}).json()
    (tmp_path / "token").write_text(made["token"])
    named = ("--server", f"http://127.0.0.1:{api.port}", "--token-file", str(tmp_path / "token"))
    assert said(*named, "whoami").startswith(f"root (administrator) at http://127.0.0.1:{api.port};")
    assert said("can-i", *named, "delete", "disk/theirs") == "yes\n"
    login(said, api)
    assert said(*named, "can-i", "delete", "disk/theirs") == "yes\n", "and not whoever signed in at another address"
    assert said("can-i", "delete", "disk/theirs", code=1) == "no\n"
    assert "homeostat login http://127.0.0.1" in said("--server", f"http://127.0.0.1:{api.port}", "whoami", code=1)


def expire(**changed: str) -> None:
    """Lets the stored session's access token be out of date."""
    file = stored_session.place()
    file.write_text(json.dumps({**json.loads(file.read_text()), "expires": "2026-01-01T00:00:00.000Z", **changed}))


def test_commands_renew_it_once_also_at_the_same_time(api: Api, said: Said) -> None:
    login(said, api)
    before = json.loads(stored_session.place().read_text())
    expire()
    servers = [RemoteServer(f"http://localhost:{api.port}") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda server: server.ask("GET", "/whoami")["name"], servers))
    after = json.loads(stored_session.place().read_text())
    assert names == ["bob"] * 4 and after["refresh"] != before["refresh"]
    # One that was refused takes what another one renewed meanwhile, and renews nothing.
    assert stored_session.renewed_token(after["url"], before["access"]) == after["access"]
    assert json.loads(stored_session.place().read_text()) == after


def test_a_token_that_the_server_does_not_know_is_renewed(api: Api, said: Said) -> None:
    login(said, api)
    expire(access="unknown", expires="2100-01-01T00:00:00.000Z")
    assert "mine" in said("get", "disks", "--server", f"http://localhost:{api.port}")
    assert json.loads(stored_session.place().read_text())["access"] != "unknown"


def test_what_is_refused(api: Api, said: Said) -> None:
    wrong = said("login", f"http://localhost:{api.port}", "--name", "nobody", "--password-file", "PASSWORD", code=1)
    assert "the name or the password is wrong" in wrong
    assert "would travel in clear" in said("login", "http://192.0.2.1", "--name", "bob", "--password-file", "PASSWORD", code=1)
    assert "is no address of an API" in said("login", "ftp://localhost", "--name", "bob", "--password-file", "PASSWORD", code=1)
    assert "does not answer" in said("login", "http://localhost:1", "--name", "bob", "--password-file", "PASSWORD", code=1)
    assert "give --name NAME" in said("login", "http://localhost:1", code=1)
    assert not stored_session.place().exists()


def test_a_file_that_others_wrote_is_named(api: Api, said: Said) -> None:
    stored_session.place().parent.mkdir(parents=True)
    stored_session.place().write_text("{}")
    assert f"{stored_session.place()} cannot be read" in said("whoami", code=1)
