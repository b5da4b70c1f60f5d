"""Times that cannot be negative, and what a bare number is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from homeostat.cli.durations import settle_option, trash_keep_option
from homeostat.cli.main import cli


@click.command()
@settle_option
@trash_keep_option
def told(settle: float, trash_keep: float) -> None:
    click.echo(f"{settle} {trash_keep}")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ((), "5.0 86400.0"),
        (("--settle", "5", "--trash-keep", "1h30m"), "5.0 5400.0"),
        (("--settle=0", "--trash-keep=0"), "0.0 0.0"),
    ],
)
def test_they_are_seconds(words: tuple[str, ...], seconds: str) -> None:
    unset = {"HOMEOSTAT_SETTLE": None, "HOMEOSTAT_TRASH_KEEP": None}
    assert CliRunner().invoke(told, words, env=unset).output.strip() == seconds


@pytest.mark.parametrize(("option", "zero"), [("--settle", "0 waits for nothing"), ("--trash-keep", "0 erases at once")])
def test_negative_ones_are_refused(tmp_path: Path, option: str, zero: str) -> None:
    ended = CliRunner().invoke(cli, ["--state", str(tmp_path / "state"), "up", str(tmp_path), f"{option}=-5s"])
    assert ended.exit_code == 2 and f"cannot be negative; {zero}" in ended.output
    variable = f"HOMEOSTAT_{option[2:].upper().replace('-', '_')}"
    ended = CliRunner().invoke(told, env={variable: "-1"})
    assert ended.exit_code == 2 and "cannot be negative" in ended.output
