"""Each contract has the shape that docs/hacking.md gives them, is kept apart from the others, and is shipped."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
CONTRACTS = sorted(path.parent for path in ROOT.glob("api/homeostat_contracts/*/__init__.py"))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda path: str(path.name))
def test_it_has_the_shape_of_all(contract: Path) -> None:
    assert {"routes.py", "errors.py", "words", "resources"} <= {
        path.name.replace("words.py", "words") for path in contract.iterdir()
    }


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda path: str(path.name))
def test_the_linter_keeps_it_apart_from_the_others(contract: Path) -> None:
    (apart,) = (one for one in TOOLS["importlinter"]["contracts"] if one["type"] == "independence")
    assert any(fnmatch(f"homeostat_contracts.{contract.name}", pattern) for pattern in apart["modules"])


def test_nothing_but_contracts_lies_beside_them() -> None:
    beside = {path.name for path in (ROOT / "api/homeostat_contracts").iterdir()} - {contract.name for contract in CONTRACTS}
    assert beside <= {"__init__.py", "__pycache__", "py.typed"}, (
        "what contracts share is in homeostat.service or homeostat_api.http"
    )


def test_each_package_is_shipped_and_linted() -> None:
    packages = {path.parent.relative_to(ROOT) for root in ("operator", "api") for path in ROOT.glob(f"{root}/*/__init__.py")}
    names = {path.name for path in packages}
    assert {Path(path) for path in TOOLS["hatch"]["build"]["targets"]["wheel"]["packages"]} == packages
    assert set(TOOLS["importlinter"]["root_packages"]) == names
    assert set(TOOLS["ruff"]["lint"]["isort"]["known-first-party"]) == names
