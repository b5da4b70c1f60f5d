from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.unit.store_fixtures import index, room

__all__ = ["index", "room"]  # the fixtures

# The same examples in every run, so that a failure is everybody's; `HYPOTHESIS_PROFILE=search` looks for new ones.
settings.register_profile("fixed", max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("fixed"), max_examples=3000, derandomize=False)
# Whether something fails, soon, not what is the least that does.
hasty = {"max_examples": 30, "phases": (Phase.explicit, Phase.generate), "database": None}
settings.register_profile("first", settings.get_profile("fixed"), **hasty)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# What is imported and collected stays until the end: to look through all of it for garbage again and again would take seconds.
gc.disable()
gc.set_threshold(100_000, 20, 20)  # what a test makes is mostly gone by its end


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="rewrite tests/unit/golden from what is built now")
