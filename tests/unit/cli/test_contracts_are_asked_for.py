"""Where `homeostat contracts` asks, and what it says where no API is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.cli.main import run
from tests.rig.answering import Silent, answering
from tests.rig.waiting import free_port


class Listing(Silent):
    def do_GET(self) -> None:
        body = json.dumps({"contracts": []}).encode()
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_CONFIG", str(tmp_path / "homeostat.toml"))
    (tmp_path / "homeostat.toml").touch()
    for name in ("HOMEOSTAT_SERVER", "HOMEOSTAT_API__BIND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[str]:
    with answering(Listing) as url:
        yield url


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 1
    return capsys.readouterr().err


def test_the_server_is_named_before_and_behind(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["--server", api, "contracts"]) == 0
    assert run(["contracts", "--server", api]) == 0
    monkeypatch.setenv("HOMEOSTAT_SERVER", api)
    assert run(["contracts"]) == 0


def test_it_is_asked_where_the_configuration_says(api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "homeostat.toml").write_text(f'[api]\nbind = "{api.removeprefix("http://")}"\n')
    assert run(["contracts"]) == 0
    (tmp_path / "homeostat.toml").write_text("")
    monkeypatch.setenv("HOMEOSTAT_API__BIND", api.removeprefix("http://"))
    assert run(["contracts"]) == 0


def test_nobody_answers_where_the_configuration_says(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_API__BIND", f"127.0.0.1:{free_port()}")
    error = said(capsys, "contracts")
    assert "does not answer" in error and "that address is what the configuration says" in error
    assert "`homeostat contracts --server http://HOST:PORT`, or HOMEOSTAT_SERVER" in error


def test_nobody_answers_at_the_default(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.cli.api_options.BIND", f"127.0.0.1:{free_port()}")
    error = said(capsys, "contracts")
    assert f"that address is the default, since neither {tmp_path / 'homeostat.toml'}" in error


def test_whoever_names_a_server_needs_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = said(capsys, "contracts", "--server", f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in error and "that address is" not in error
