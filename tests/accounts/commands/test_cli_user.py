"""`homeostat user`: accounts on the host of their database. Passwords come from a prompt, or from files of their owner alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.accounts.signing_in import passwords
from homeostat.cli.commands.user import FIRST
from homeostat.cli.main import run

GOOD = "correct horse"
User = Callable[..., str]


@pytest.fixture
def user(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody can be asked
    small = passwords.Passwords(iterations=1, memory=8)
    monkeypatch.setattr(passwords, "Passwords", lambda: small)

    def call(*words: str, code: int = 0) -> str:
        assert run(["user", *words, "--state", str(tmp_path / "state")]) == code
        said = capsys.readouterr()
        return said.out + said.err

    return call


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.touch(mode=0o600)
    path.write_text(GOOD + "\n")
    return str(path)


def test_none_is_made_where_somebody_only_looks(user: User, tmp_path: Path) -> None:
    assert "user add NAME --role administrator" in user("list")
    assert user("list", "-o", "json") == "[]\n"
    assert "there are no accounts yet" in user("show", "root", code=1)
    assert not (tmp_path / "state").exists()


def test_from_the_first_to_the_last(user: User, file: str) -> None:
    made = user("add", "Root", "--role", "administrator", "--password-file", file)
    assert made == f"account root created (administrator)\n{FIRST}\n"
    assert user("add", "bob", "--no-password").startswith("account bob created (user)\n")
    assert user("role", "bob", "moderator") == "account bob is moderator now\n"
    assert user("ban", "bob") == "account bob banned\n"
    shown = json.loads(user("show", "BOB", "-o", "json"))
    assert (shown["name"], shown["role"], shown["hasPassword"], shown["bannedAt"] is None) == ("bob", "moderator", False, False)
    assert user("unban", "bob") == "account bob may come in\n"
    assert user("password", "bob", "--password-file", file) == "account bob has another password\n"
    assert user("list").splitlines()[1].split()[:4] == ["bob", "moderator", "password", "no"]
    assert user("list", "-o", "name") == "bob\nroot\n"
    assert "nothing was deleted" in user("delete", "bob", code=1)
    assert user("delete", "bob", "--yes") == "account bob deleted\n"
    assert "only administrator" in user("delete", "root", "--yes", code=1)
    assert user("list", "-o", "name") == "root\n"


def test_whom_a_provider_knows_is_bound(user: User) -> None:
    user("add", "root", "--role", "administrator", "--no-password")
    assert "[accounts.oidc]" in user("link", "root", "--subject", "s1", code=1)
    issuer = ("--issuer", "https://login.example")
    assert user("link", "ROOT", "--subject", "s1", *issuer) == "account root is s1 of https://login.example\n"
    assert user("list").splitlines()[1].split()[:3] == ["root", "administrator", "provider"]
    assert [one["subject"] for one in json.loads(user("identities", "-o", "json"))] == ["s1"]
    assert user("unlink", "root", "--subject", "s1", *issuer) == "account root is no longer s1\n"
    assert "no such identity" in user("unlink", "root", "--subject", "s1", *issuer, code=1)


def test_the_first_must_be_an_administrator(user: User) -> None:
    assert "--role administrator" in user("add", "bob", "--no-password", code=1)
    assert user("list", "-o", "name") == ""


def test_a_name_is_refused_before_anybody_types_a_password(user: User) -> None:
    said = user("add", "b/b", code=1)
    assert "cannot be the name of an account" in said and "a-z" in said


def test_without_a_terminal_nobody_can_be_asked(user: User) -> None:
    assert "--password-file" in user("add", "root", "--role", "administrator", code=1)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o640, 0o660])
def test_a_file_that_others_can_read_is_no_secret(user: User, file: str, mode: int) -> None:
    Path(file).chmod(mode)
    said = user("add", "root", "--role", "administrator", "--password-file", file, code=1)
    assert f"chmod 600 {file}" in said and GOOD not in said


@pytest.mark.parametrize("content", [b"", b"two\nlines\n", b"\xff\xfe\n", b"short\n", b"x" * 1_000_000])
def test_a_file_that_holds_no_password(user: User, file: str, content: bytes) -> None:
    Path(file).write_bytes(content)
    said = user("add", "root", "--role", "administrator", "--password-file", file, code=1)
    assert said.startswith("error: ") and len(said) < 400


def test_a_file_that_is_not_there_or_is_a_folder(user: User, file: str, tmp_path: Path) -> None:
    assert "No such file" in user("add", "root", "--role", "administrator", "--password-file", file + "x", code=1)
    assert "--password-file" in user("add", "root", "--role", "administrator", "--password-file", str(tmp_path), code=1)


def test_a_password_in_argv_is_no_option(user: User) -> None:
    assert "No such option" in user("add", "root", "--password", GOOD, code=2)


def test_the_configured_database(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_ACCOUNTS__DATABASE", f"sqlite:///{tmp_path}/elsewhere.db")
    user("add", "root", "--role", "administrator", "--no-password")
    assert (tmp_path / "elsewhere.db").exists()


def test_a_backup_and_back(tmp_path: Path, user: User, capsys: pytest.CaptureFixture[str]) -> None:
    def accounts(*words: str, code: int = 0) -> str:
        assert run(["accounts", *words, "--state", str(tmp_path / "state")]) == code
        said = capsys.readouterr()
        return said.out + said.err

    copy = str(tmp_path / "copy")
    assert "there are no accounts yet" in accounts("backup", copy, code=1)
    user("add", "root", "--role", "administrator", "--no-password")
    assert accounts("backup", copy) == f"accounts copied into {copy}\n"
    assert "exists already" in accounts("backup", copy, code=1)
    user("add", "bob", "--no-password")
    assert "nothing was restored" in accounts("restore", copy, code=1)
    assert "set aside as" in accounts("restore", copy, "--yes")
    assert user("list", "-o", "name") == "root\n"
    assert "is no file" in accounts("restore", copy + "x", "--yes", code=1)


def test_a_server_is_backed_up_by_its_own_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOMEOSTAT_ACCOUNTS__DATABASE", "postgresql+psycopg://me@db.example.com/homeostat")
    assert run(["accounts", "backup", str(tmp_path / "copy")]) == 1
    assert "pg_dump" in capsys.readouterr().err


def test_a_damaged_database_is_reported_in_words(user: User, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "accounts.db").write_bytes(b"nonsense" * 1000)
    said = user("list", code=1)
    assert said.startswith("error: the accounts database") and "damaged" in said and "backup" in said
