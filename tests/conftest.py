"""What every part of the test suite shares."""

from __future__ import annotations

import gc
import os

import pytest

from tests.rig.longest import LONGEST

os.environ.setdefault("HOMEOSTAT_SETTLE", "0.3")  # of operators that run as programs: most removals here are meant
# What this machine's own operator is configured to do, and the demo's shell exports, is nobody's business here.
os.environ["HOMEOSTAT_CONFIG"] = os.devnull
for name in ("STATE", "DIR", "CONNECT", "NAMESPACE", "SERVER", "TOKEN_FILE"):
    os.environ.pop(f"HOMEOSTAT_{name}", None)
# Nothing here is signed by an authority of the world, all of which each client of HTTP would read, for 30 ms or more.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = os.devnull

pytest_plugins = ["tests.rig.plugin"]


gc.disable()  # while all is imported, of which nothing is garbage: each worker imports for a second less


def pytest_runtestloop() -> None:
    """Collects garbage from now on, and leaves alone what was imported."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {f"tests/{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.location[0], len(LONGEST)))
