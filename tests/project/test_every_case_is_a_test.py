"""Every case that users of other programs met (BR-01 to BR-24), and every kind of attack, has tests named by its number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CASES = [f"br{number:02}" for number in (1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 17, 18, 23, 24)]
ATTACKS = [f"security_{number}" for number in range(1, 19)]


@pytest.fixture(scope="module")
def named() -> set[str]:
    found = set[str]()
    for path in TESTS.rglob("test_*.py"):
        tests = re.findall(r"def (test_\w+)", path.read_text())
        found.update(number for name in (path.stem, *tests) for number in re.findall(r"br\d\d|security_\d+", name))
    return found


@pytest.mark.parametrize("number", [*CASES, *ATTACKS])
def test_there_are_tests_of_that_number(number: str, named: set[str]) -> None:
    assert number in named
