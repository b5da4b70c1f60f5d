"""Where the API may listen, and what it takes for a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.accounts.database.database import sqlite_url
from homeostat.models.loopback import is_loopback
from homeostat.store.files.state import StateFolder
from homeostat_api.config import ApiConfig, ConfigError, guard_bind, parse_bind, read_token

TOKEN = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:1", ("::1", 1)),
        ("localhost:65535", ("localhost", 65535)),
        (":80", ("", 80)),
        ("[::1:80", ("[::1", 80)),
        ("::1]:80", ("::1]", 80)),
    ],
)
def test_an_address(text: str, bind: tuple[str, int]) -> None:
    assert parse_bind(text) == bind


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "8080", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "h:8o", "h:²", "h:٣", "h:-1", "h:0000001", ""]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        parse_bind(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.0.2.1", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_anything_but_loopback_needs_a_token(host: str, local: bool) -> None:
    assert is_loopback(host) is local
    guard_bind(host, TOKEN)
    if local:
        guard_bind(host, None)
    else:
        with pytest.raises(ConfigError):
            guard_bind(host, None)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_token_is_the_content_of_a_private_file(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {TOKEN}\n")
    file.chmod(mode)
    assert read_token(file) == TOKEN


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
def test_a_token_file_that_others_can_reach_is_refused(tmp_path: Path, bit: int) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600 | bit)
    with pytest.raises(ConfigError):
        read_token(file)


@pytest.mark.parametrize("text", ["", "short", "\n\n", "123456789012345", f"{TOKEN} {TOKEN}", f"{TOKEN}\n{TOKEN}"])
def test_so_is_one_that_holds_no_token(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError):
        read_token(file)


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        (f"Bearer {TOKEN}x", False),
        ("Bearer", False),
        ("", False),
        (None, False),
    ],
)
def test_who_is_let_in(header: str | None, admitted: bool) -> None:
    assert ApiConfig(None, Path("/state"), token=TOKEN).admits(header) is admitted
    assert not ApiConfig(None, Path("/state")).admits(header), "there is none to carry"


def test_accounts_are_in_the_state_folder_unless_a_database_is_named(tmp_path: Path) -> None:
    state = tmp_path / "my state"
    known = ApiConfig(tmp_path, state).accounts
    assert known == sqlite_url(StateFolder(state).accounts) and known.startswith("sqlite:///")
    assert ApiConfig(tmp_path, state, accounts_database="postgresql://db/accounts").accounts == "postgresql://db/accounts"
