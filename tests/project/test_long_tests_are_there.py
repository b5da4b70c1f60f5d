"""What begins first since it takes longest is a file of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.longest import LONGEST

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", LONGEST)
def test_it_is_there(name: str) -> None:
    assert (TESTS / f"{name}.py").is_file(), f"tests/rig/longest.py names {name}, which is gone: name what it became"
