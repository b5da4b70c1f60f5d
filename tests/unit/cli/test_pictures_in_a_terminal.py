"""A picture is printed as the terminal takes it, and only where one does."""

from __future__ import annotations

import base64
import re
import sys

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.show.terminal_picture import picture_in_terminal

PNG = b"\x89PNG" + bytes(range(256)) * 40


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


@pytest.mark.parametrize("kind", ["xterm-kitty", "xterm-ghostty"])
def test_kitty_takes_it_in_parts(terminal: None, kind: str) -> None:
    parts = re.findall("\x1b_G([^;]*);([^\x1b]*)\x1b\\\\", picture_in_terminal(PNG, {"TERM": kind}))
    assert base64.b64decode("".join(text for _, text in parts)) == PNG
    assert [words for words, _ in parts] == ["a=T,f=100,m=1", *["m=1"] * (len(parts) - 2), "m=0"]
    assert len(parts) > 2 and max(len(text) for _, text in parts) == 4096


@pytest.mark.parametrize("program", ["iTerm.app", "WezTerm"])
def test_iterm2_takes_it_at_once(terminal: None, program: str) -> None:
    said = picture_in_terminal(PNG, {"TERM_PROGRAM": program, "TERM": "xterm-256color"})
    head, _, text = said.removesuffix("\x07").partition(":")
    assert head == f"\x1b]1337;File=inline=1;size={len(PNG)}" and base64.b64decode(text) == PNG


def test_another_terminal(terminal: None) -> None:
    with pytest.raises(CliError, match="no terminal that can show pictures"):
        picture_in_terminal(PNG, {"TERM": "xterm-256color"})


def test_no_terminal() -> None:
    with pytest.raises(CliError, match="no terminal that can show pictures"):
        picture_in_terminal(PNG, {"TERM": "xterm-kitty"})
