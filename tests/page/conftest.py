"""The page in a real browser, with a real operator on libvirt's test driver."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from tests.api.living import Living, living
from tests.rig.browser import Page, browse

_numbers = itertools.count(1)


class Opens(Protocol):
    def __call__(self, where: str = "") -> AbstractContextManager[Page]: ...


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with living(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture
def name() -> str:
    return f"vm-{next(_numbers)}"


@pytest.fixture
def opens(real: Living, tmp_path: Path) -> Opens:
    """Returns what opens the page in a browser of its own. ``where``: behind the #."""
    return lambda where="": browse(f"{real.api.http.base_url}/#/{where}", tmp_path / "profile")
