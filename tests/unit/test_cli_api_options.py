"""What `up` is told of the API reaches the API: its own command line is read back as the server reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from homeostat.cli import up as up_module
from homeostat.cli.api_server import ApiOptions
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
    words = ["--bind", "[::1]:9090", "--token-file", "/t", "--image-folder", "/srv/a", "--image-folder", "/srv/b"]
    words += ["--plugin-kernel", "http://images/vmlinuz", "--state", str(tmp_path / "state")]
    words += ["--max-replicas", "7", "--max-connections", "77"]
    result = CliRunner().invoke(cli, ["up", str(tmp_path), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    api = started[0].api
    assert api is not None
    expected = {
        "directory": tmp_path,
        "state": tmp_path / "state",
        "bind": "[::1]:9090",
        "token_file": Path("/t"),
        "workers": 1,
        "image_folders": (Path("/srv/a"), Path("/srv/b")),
        "plugin_kernel": "http://images/vmlinuz",
        "max_replicas": 7,
        "max_connections": 77,
        "end_with_parent": True,
    }
    read = as_the_server_reads(api)
    assert {name: read[name] for name in expected} == expected


def test_the_defaults_are_the_servers(tmp_path: Path) -> None:
    words = ["--dir", str(tmp_path), "--state", str(tmp_path), "--end-with-parent"]
    own: click.Context = server.make_context("homeostat-api", words)
    assert as_the_server_reads(ApiOptions(tmp_path, tmp_path)) == own.params
