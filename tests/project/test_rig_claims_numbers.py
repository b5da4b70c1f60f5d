"""What a test's libvirtd has of this machine, such as its range of ports for VNC, no other one has at the same time."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tests.rig import claims
from tests.rig.claims import claim


@pytest.fixture(autouse=True)
def of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "FOLDER", tmp_path)


def numbers(count: int) -> list[int]:
    return [found.number for _ in range(count) if (found := claim("ports", range(3)))]


def test_nobody_has_what_another_has() -> None:
    first, second = claim("ports", range(2)), claim("ports", range(2))
    assert first and second and (first.number, second.number) == (0, 1)
    assert claim("ports", range(2)) is None
    assert claim("subnets", range(2)), "of another sort"
    first.release()
    assert (again := claim("ports", range(2))) and again.number == 0


def test_it_holds_among_processes_and_ends_with_them() -> None:
    mine = claim("ports", range(3))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(numbers, [1]) == [1]
    assert mine and (after := claim("ports", range(3))) and after.number == 1
