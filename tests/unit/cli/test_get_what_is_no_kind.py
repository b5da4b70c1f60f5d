"""Events, errors and orphans are no resources: each is listed alone, and the first two without names."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from homeostat.cli.main import cli


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vms,events"], "events is no kind of resource, and is listed alone: `homeostat get events`"),
        (["orphans,vms"], "orphans is no kind of resource, and is listed alone: `homeostat get orphans`"),
        (["events", "web"], "`get events` takes no names: `homeostat describe` shows what there is of one resource"),
        (["errors", "vm/web"], "`get errors` takes no names"),
    ],
)
def test_how_to_list_it_is_said(words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["get", *words])
    assert done.exit_code == 2 and said in done.output
