"""The address of the API beside an operator is that alone: others send requests there."""

from __future__ import annotations

import pytest

from homeostat.cli.commands.operator import _address
from homeostat.cli.errors import CliError


@pytest.mark.parametrize("given", ["http://10.0.0.7:8080", "https://rack7.example.org", "http://[::1]:8080"])
def test_it_is_taken(given: str) -> None:
    assert _address(given) == _address(f"{given}/") == given


@pytest.mark.parametrize(
    "given",
    ["10.0.0.7:8080", "ftp://a", "http://", "http://u:p@a", "http://a/b", "http://a?b", "http://a#b", "http://a:x", "http://[a"],
)
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(CliError, match="--api-address"):
        _address(given)
