from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.api.harness import command
from tests.rig.waiting import free_port

TOKEN = "correct-horse-battery-staple"


def run(root: Path, *options: str, host: str = "127.0.0.1") -> subprocess.CompletedProcess[str]:
    arguments = command(root, root / "state", free_port(), *options, host=host)
    return subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=100)


def token_file(root: Path, mode: int = 0o600, token: str = TOKEN) -> Path:
    path = root / "token"
    path.write_text(token + "\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", ""])
def test_anything_but_loopback_needs_a_token(tmp_path: Path, host: str) -> None:
    ended = run(tmp_path, host=host)
    assert ended.returncode == 2
    assert "--token-file" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize(("mode", "token"), [(0o644, TOKEN), (0o640, TOKEN), (0o600, "short"), (0o600, "")])
def test_a_token_file_that_is_no_secret_is_refused(tmp_path: Path, mode: int, token: str) -> None:
    ended = run(tmp_path, "--token-file", str(token_file(tmp_path, mode, token)))
    assert ended.returncode == 2
    assert "--token-file" in ended.stderr and "Traceback" not in ended.stderr


def test_a_port_in_use_is_said_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = command(tmp_path, tmp_path / "state", port)
        ended = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr and len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "origin", ["*", "panel.example", "https://panel.example/", "https://Panel.example", "https://a b", "null"]
)
def test_what_is_no_origin_is_refused(tmp_path: Path, origin: str) -> None:
    ended = run(tmp_path, "--token-file", str(token_file(tmp_path)), "--allow-origin", origin)
    assert ended.returncode == 2 and f"--allow-origin {origin}: write it as browsers do" in ended.stderr


def test_pages_of_others_need_a_token(tmp_path: Path) -> None:
    ended = run(tmp_path, "--allow-origin", "https://panel.example")
    assert ended.returncode == 2 and "--allow-origin needs --token-file" in ended.stderr
