"""Where `homeostat screenshot` writes a picture, and what it says where there is none."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from homeostat.cli.commands import screenshot
from homeostat.consoles.pictures import PictureSize, dummy_picture
from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.guests import screen
from tests.unit.cli_state import CliState

UUID = "00000000-0000-0000-0000-000000000001"
PNG = dummy_picture(PictureSize.THUMBNAIL).png


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CliState:
    monkeypatch.setattr(screen, "take_picture", lambda uri, uuid: PNG)
    monkeypatch.chdir(tmp_path)
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def running(cli: CliState, spec: str = "spec: {}\n") -> None:
    cli.write("web", spec)
    cli.report("web", domain_uuid=UUID)


def test_standard_output(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    running(cli)
    written = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", written)
    said = cli.homeostat("screenshot", "web", "-o", "-")
    assert written.buffer.getvalue() == PNG  # type: ignore[attr-defined]
    assert "the screen of web" in said.err and not Path("-").exists()


def test_a_file(cli: CliState) -> None:
    running(cli)
    assert "web.png: the screen of web" in cli.homeostat("screenshot", "web", "-o", "web.png").out
    assert Path("web.png").read_bytes() == PNG


def test_no_terminal_gets_it(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    running(cli)
    monkeypatch.setattr(screenshot, "on_terminal", lambda: True)
    said = cli.homeostat("screenshot", "web", "-o", "-")
    assert (said.code, said.out) == (2, "") and "not for a terminal" in said.err
    monkeypatch.setattr(screenshot, "on_terminal", lambda: False)
    assert cli.homeostat("screenshot", "web", "-o", "-", "--show").code == 2, "nor both at once"


HEADLESS = "spec:\n  display:\n    video: none\n"
NO_VNC = "spec:\n  display:\n    vnc:\n      enabled: false\n"
NO_CONSOLE = DriverError("no picture of web: there is no console")


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        (HEADLESS, NO_CONSOLE, "error: no picture of web: it shows nothing: its spec says display.video: none"),
        (NO_VNC, NO_CONSOLE, "error: no picture of web: it has no screen: its spec says display.vnc.enabled: false"),
        ("spec: {}\n", NO_CONSOLE, "there is no console"),
        (HEADLESS, Refused("web is not running"), "web is not running"),
    ],
    ids=["headless", "no-vnc", "another", "off"],
)
def test_there_is_none(cli: CliState, monkeypatch: pytest.MonkeyPatch, spec: str, error: Exception, said: str) -> None:
    def refuse(uri: str, uuid: str) -> bytes:
        raise error

    monkeypatch.setattr(screen, "take_picture", refuse)
    running(cli, spec)
    told = cli.homeostat("screenshot", "web", "-o", "web.png")
    assert told.code == 1 and said in told.err and not Path("web.png").exists()
