"""What `up` is told of the API reaches the API: its own command line is read back as the server reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from homeostat.cli.api_options import ApiOptions
from homeostat.cli.commands import up as up_module
from homeostat.cli.configuration.defaults import api_defaults
from homeostat.cli.configuration.reading import load
from homeostat.cli.errors import CliError
from homeostat.cli.main import cli
from homeostat_api.server import main as server


def as_the_server_reads(options: ApiOptions) -> dict[str, Any]:
    _, dash_m, module, *words = options.command
    assert (dash_m, module) == ("-m", "homeostat_api")
    context: click.Context = server.make_context("homeostat-api", words)
    return context.params


def test_every_option_of_up_reaches_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[up_module.UpOptions] = []

    async def remember(options: up_module.UpOptions) -> None:
        started.append(options)

    monkeypatch.setattr(up_module, "_up", remember)
    token = tmp_path / "token"
    token.write_text("correct-horse-battery-staple")
    token.chmod(0o600)
    words = ["--bind", "[::1]:9090", "--token-file", str(token), "--image-folder", "/srv/a", "--image-folder", "/srv/b"]
    words += ["--plugin-kernel", "http://images/vmlinuz", "--state", str(tmp_path / "state")]
    words += ["--max-replicas", "7", "--max-connections", "77", "--consoles-per-machine", "3", "--consoles-per-account", "2"]
    words += ["--consoles-idle", "90m", "--consoles-total", "0"]
    words += ["--consoles-ice-server", "stun:a", "--consoles-ice-server", "stun:b"]
    result = CliRunner().invoke(cli, ["up", str(tmp_path), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    api = started[0].api
    assert api is not None
    expected = {
        "directory": tmp_path,
        "state": tmp_path / "state",
        "bind": "[::1]:9090",
        "token_file": token,
        "workers": 1,
        "image_folders": (Path("/srv/a"), Path("/srv/b")),
        "plugin_kernel": "http://images/vmlinuz",
        "max_replicas": 7,
        "max_connections": 77,
        "consoles_per_machine": 3,
        "consoles_per_account": 2,
        "consoles_idle": 5400.0,
        "consoles_total": 0.0,
        "consoles_ice_server": ("stun:a", "stun:b"),
        "end_with_parent": True,
    }
    read = as_the_server_reads(api)
    assert {name: read[name] for name in expected} == expected


def test_the_defaults_are_the_servers(tmp_path: Path) -> None:
    words = ["--dir", str(tmp_path), "--state", str(tmp_path), "--end-with-parent"]
    own: click.Context = server.make_context("homeostat-api", words)
    assert as_the_server_reads(ApiOptions(tmp_path, tmp_path)) == own.params


def test_the_provider_reaches_the_server_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"issuer": "https://login.example", "client_id": "homeostat", "roles": {"a_b": "moderator"}, "role_claim": "groups"}
    options = ApiOptions(tmp_path, tmp_path, accounts_oidc=json.dumps(told))
    assert "login.example" not in " ".join(options.command)
    for name, value in options.environment.items():
        monkeypatch.setenv(name, value)
    assert json.loads(api_defaults(load(None))["accounts_oidc"]) == told


TOKEN = "correct-horse-battery-staple"
UNRESOLVED = [
    "nosuch.invalid",
    "a b",
    "-",
    "..",
    "a" * 64,
    "[::g]",
    "[nosuch.invalid]",
    "256.1.1.1",
    "1.2.3.4.5",
    "\u212a\u0130.invalid",
]
WRONG_MODES = [0o644, 0o640, 0o604, 0o660, 0o601, 0o700, 0o777]
NO_TOKENS = ["", "short", "\n", "123456789012345", f"{TOKEN} {TOKEN}", f"{TOKEN}\n{TOKEN}"]


def refused(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    async def never(options: up_module.UpOptions) -> None:
        raise AssertionError("it was started")

    monkeypatch.setattr(up_module, "_up", never)
    result = CliRunner().invoke(cli, ["up", str(tmp_path), *words, "--state", str(tmp_path / "state")])
    assert isinstance(result.exception, CliError) and result.exit_code != 0
    return str(result.exception)


@pytest.mark.parametrize(
    "words",
    [["--bind", ":0"], ["--bind", "127.0.0.1:0"], ["--bind", "127.0.0.1:65536"], ["--bind", "localhost:" + "1" * 5000],
     ["--token-file", "/nowhere/token"], ["--token-file", "/"], ["--token-file", "/dev/null"]],
)  # fmt: skip
def test_what_the_api_cannot_start_with_is_refused_before_anything_starts(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words[0] in refused(words, tmp_path, monkeypatch)


@pytest.mark.parametrize("host", UNRESOLVED)
def test_so_is_a_host_that_cannot_be_resolved(tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = secret(tmp_path, TOKEN, 0o600)
    said = refused(["--bind", f"{host}:8080", "--token-file", str(token)], tmp_path, monkeypatch)
    assert "--bind" in said and "cannot be resolved" in said and "127.0.0.1:8080" in said


@pytest.mark.parametrize("mode", WRONG_MODES)
def test_so_is_a_token_file_that_others_can_reach(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    token = secret(tmp_path, TOKEN, mode)
    assert f"chmod 600 {token}" in refused(["--token-file", str(token)], tmp_path, monkeypatch)


@pytest.mark.parametrize("text", NO_TOKENS)
def test_so_is_one_that_holds_no_token(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = secret(tmp_path, text, 0o600)
    assert "openssl rand -hex 32" in refused(["--token-file", str(token)], tmp_path, monkeypatch)


def secret(folder: Path, text: str, mode: int) -> Path:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return path
