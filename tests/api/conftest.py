"""One server for all tests that need no folder of their own, and a fresh machine name for each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import Api, serving
from tests.api.image_files import clear
from tests.api.inside import INSIDE
from tests.api.living import Living, living

_numbers = itertools.count(1)


@pytest.fixture(scope="function" if INSIDE else "session")  # so that each test runs what makes the application
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture
def own_api(tmp_path: Path) -> Iterator[Api]:
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="function" if INSIDE else "module")
def upload_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("uploads")) as running:
        yield running


@pytest.fixture
def upload_api(upload_server: Api) -> Iterator[Api]:
    """A server without images and uploads, which the tests of a file share."""
    yield upload_server
    clear(upload_server)


@pytest.fixture
def name() -> str:
    return f"vm-{next(_numbers)}"


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """With a real operator, on the test driver; its machines begin with the name of their test."""
    with living(tmp_path_factory.mktemp("real")) as running:
        yield running
