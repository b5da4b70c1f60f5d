"""One server for most tests of the contract, one in development, and a fresh name for each machine."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.harness import DEADLINE, serving
from tests.contracts.limen.people import Limen, Somebody, opened
from tests.contracts.served import served
from tests.rig.waiting import free_port

_numbers = itertools.count(1)
PANEL = "https://panel.example"


@contextmanager
def serving_limen(root: Path, **settings: Any) -> Iterator[Limen]:
    with served(root, "limen", "--contract-settings", json.dumps({"limen": settings})) as found:
        limen = opened(root, found)
        yield limen
        limen.database.close()


@pytest.fixture(scope="session")
def limen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limen]:
    with serving_limen(tmp_path_factory.mktemp("limen"), registration="open", allowed_origins=[PANEL]) as found:
        found.account("bob")
        found.account("amy")
        yield found


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limen]:
    """It asks for approval, answers every page, and says more of errors."""
    settings = {"development": True, "allowed_origins": ["*"], "images": {"windows": "/nowhere/windows.qcow2"}}
    with serving_limen(tmp_path_factory.mktemp("development"), **settings) as found:
        yield found


@pytest.fixture(scope="session")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server without an operator, without a database of accounts, and where nobody registers."""
    port, nowhere = free_port(), f"postgresql://nobody@127.0.0.1:{free_port()}/none?connect_timeout=2"
    options = ("--contract", f"limen=127.0.0.1:{port}", "--contract-settings", '{"limen": {"registration": "closed"}}')
    with (
        serving(tmp_path_factory.mktemp("lonely"), *options, "--accounts-database", nowhere),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http,
    ):
        yield http


@pytest.fixture(scope="session")
def bob(limen: Limen) -> Somebody:
    return limen.somebody("bob")


@pytest.fixture(scope="session")
def amy(limen: Limen) -> Somebody:
    return limen.somebody("amy")


@pytest.fixture
def name() -> str:
    return f"VM_{next(_numbers)}"
