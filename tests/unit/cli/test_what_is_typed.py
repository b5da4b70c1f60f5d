"""What `homeostat type` makes of its words, and what it says of those that it cannot type."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.commands import type as typing
from tests.unit.cli_state import CliState

MISTAKES = [
    ("no-text", ["vm", "web"], "no machine is called vm: name a machine, and then the text"),
    ("nothing", ["vm", "web", ""], "TEXT: a text has 1 to 1000 characters, and this one none"),
    ("second-part", ["web", "a" * 250 + "bï"], "TEXT: character 252, ï (U+00EF)"),
    ("name-alone", ["vm/web"], "name a machine, and then the text"),
    ("both", ["web", "root", "--keys", "a"], "give a text, or --keys, not both"),
    ("both-slashed", ["vm/web", "root", "--keys", "a"], "give a text, or --keys, not both"),
    ("plus", ["web", "--keys", "+"], "no key types '+' by itself: give shift, and '='"),
    ("plus-in-a-chord", ["web", "--keys", "ctrl++"], "no key types '+' by itself: give shift, and '='"),
    ("no-last-key", ["web", "--keys", "ctrl+"], "there is no key ''"),
    ("no-key", ["web", "--keys", ""], "there is no key ''"),
]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


@pytest.mark.parametrize(("words", "said"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake(cli: CliState, words: list[str], said: str) -> None:
    found = cli.homeostat("type", *words)
    assert found.code == 2 and said in found.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("web", ["web", "--keys", "a"]),
        ("web", ["vm", "web", "--keys", "ctrl+shift+="]),
        ("web", ["vm/web", "root"]),
        ("disk", ["disk", "root"]),
    ],
    ids=["name", "kind", "slashed", "machine-called-as-a-kind"],
)
def test_a_machine_is_found(cli: CliState, name: str, words: list[str]) -> None:
    cli.write(name)
    assert f"{name} has no keyboard yet" in cli.homeostat("type", *words).err


def test_no_part_ends_within_a_line_break() -> None:
    text = "a" * (typing.PART - 1) + "\r\nb"
    assert typing._parts(text) == ["a" * (typing.PART - 1) + "\n", "b"]
