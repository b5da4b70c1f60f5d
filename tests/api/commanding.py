"""Commands of our own command line, called as a user with a configuration folder of his own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeostat.cli import stored_session
from homeostat.cli.main import run
from tests.api.harness import Api
from tests.api.people import PASSWORD
from tests.rig.secrets import Secrets


@dataclass
class Said:
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


@dataclass
class User:
    """Somebody at a computer of his own."""

    api: Api
    home: Path
    captured: pytest.CaptureFixture[str]
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.api.port}"

    def call(self, *words: str) -> Said:
        self.captured.readouterr()
        code = run(list(words))
        captured = self.captured.readouterr()
        self._check(captured.out + captured.err)
        return Said(captured.out, captured.err, code)

    def _check(self, said: str) -> None:
        """Checks that a command prints nothing that lets somebody in. What it keeps of that, it keeps in one file of his own."""
        self.secrets.learn("the password", PASSWORD)
        kept = stored_session.place()
        if kept.exists():
            session = json.loads(kept.read_text())
            self.secrets.learn("an access token", session.get("access"))
            self.secrets.learn("a refresh token", session.get("refresh"))
            assert kept.stat().st_mode & 0o077 == 0
        others = (file for file in kept.parent.glob("*") if file != kept)
        found = [*self.secrets.within(said.encode()), *self.secrets.leaks(others, os.getpid())]
        assert not found, f"{found} in {said!r}"

    def there(self, *words: str) -> Said:
        """Calls a command that works over the API."""
        return self.call(*words, "--server", self.url)

    def here(self, *words: str) -> Said:
        """Calls a command on the server's own host."""
        return self.call(*words, "--state", str(self.api.state))

    def login(self, name: str) -> None:
        file = self.home / "password"
        file.write_text(PASSWORD)
        file.chmod(0o600)
        said = self.call("login", self.url, "--name", name, "--password-file", str(file))
        assert said.code == 0, said.err


def bob_at_home(api: Api, home: Path, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> User:
    """Returns bob, who has signed in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    user = User(api, home, captured)
    user.login("bob")
    return user
