"""The API's token file is its owner's alone, or a secret as Kubernetes mounts it: root's, and readable to the pod's group."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat_api.config import ConfigError, read_token

TOKEN = "0123456789abcdef"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="a file of root's needs root")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_its_owners_alone(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_token(file) == TOKEN


@pytest.mark.parametrize("mode", [0o640, 0o440, 0o604, 0o700])
def test_others_may_not_read_it(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"has mode {mode:04o}; a secret needs 0600"):
        read_token(file)


@root_only
@pytest.mark.parametrize("mode", [0o440, 0o640])
def test_roots_file_may_be_our_groups(file: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 10001)
    assert read_token(file) == TOKEN


@root_only
@pytest.mark.parametrize("mode", [0o444, 0o460, 0o450])
def test_and_no_more_than_that(file: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 10001)
    with pytest.raises(ConfigError, match="a secret needs 0600"):
        read_token(file)


def test_what_is_no_file_is_not_believed_nor_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigError, match=r"--token-file .*/pipe: is no regular file\. Name a file of mode 0600 with one token"):
        read_token(pipe)  # nobody writes to it
