"""The STUN and TURN servers of the configuration: which there may be, and that TURN's password stays out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.consoles.signalling import IceServer
from homeostat_api.config import ApiConfig, ConfigError, ice_servers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "turn"
    path.write_text("s3cret word\n")
    path.chmod(0o600)
    return path


def test_none_are_asked_where_none_are_named() -> None:
    assert ice_servers((), None, None) == ()


def test_stun_needs_nobody_and_turn_a_user(file: Path) -> None:
    urls = ["stun:stun.example", "turn:192.0.2.7:3478?transport=tcp", "stun:[2001:db8::1]:3478", "turns:turn.example:5349"]
    found = ice_servers(urls, "homeostat", file)
    assert found == (
        IceServer(("stun:stun.example", "stun:[2001:db8::1]:3478")),
        IceServer(("turn:192.0.2.7:3478?transport=tcp", "turns:turn.example:5349"), "homeostat", "s3cret word"),
    )
    assert "s3cret" not in repr(ApiConfig(None, file.parent, ice=found))


@pytest.mark.parametrize(
    "url",
    [
        "stun.example",
        "http://stun.example",
        "stun://stun.example",
        "stun:",
        "stun:a b",
        "turn:x?transport=sctp",
        "turn:u:p@x",
        "stuns:x",
    ],
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="write stun:HOST:3478"):
        ice_servers([url], None, None)


def test_what_goes_together_is_asked_for_together(file: Path) -> None:
    for urls, username, credential in (
        (["turn:x"], None, file),
        (["turn:x"], "homeostat", None),
        (["stun:x"], "homeostat", file),
        ([], "homeostat", None),
        ([], None, file),
    ):
        with pytest.raises(ConfigError, match="go together"):
            ice_servers(urls, username, credential)


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [("", 0o600, "must hold the password"), ("a\nb", 0o600, "in one line"), ("s3cret", 0o644, "chmod 600")],
    ids=["empty", "two lines", "for others to read"],
)
def test_a_file_that_holds_no_password_is_refused(file: Path, text: str, mode: int, why: str) -> None:
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=why) as failure:
        ice_servers(["turn:x"], "homeostat", file)
    assert "s3cret" not in str(failure.value)
