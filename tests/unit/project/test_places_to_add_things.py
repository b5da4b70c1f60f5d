"""docs/hacking.md lists the places for a new kind or contract: they are there, and what holds contracts together knows each."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SECTIONS = dict(
    re.findall(r"^## (To add [^\n]+)\n(.+?)(?=^## )", (ROOT / "docs" / "hacking.md").read_text(), re.MULTILINE | re.DOTALL)
)
PACKAGES = sorted(path.parent for path in ROOT.glob("api/homeostat_contracts/*/__init__.py"))


@pytest.mark.parametrize("section", SECTIONS)
def test_each_place_is_there(section: str) -> None:
    named = [name.replace("NAME", "*") for name in re.findall(r"`([\w./*]+/[\w./*]*)`", SECTIONS[section])]
    assert len(named) > 5
    rooms = (ROOT, ROOT / "operator" / "homeostat", ROOT / "api" / "homeostat_api")
    assert [name for name in named if not any(any(room.glob(name)) for room in rooms)] == []


def test_there_are_lists_for_a_kind_and_for_a_contract() -> None:
    assert {"To add a kind", "To add a contract"} <= SECTIONS.keys()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.name))
def test_a_contract_has_the_shape_of_all(package: Path) -> None:
    assert {"routes.py", "errors.py", "words", "resources"} <= {path.name for path in package.iterdir()}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.name))
def test_the_linter_keeps_a_contract_apart_from_the_others(package: Path) -> None:
    (apart,) = (one for one in SETTINGS["tool"]["importlinter"]["contracts"] if one["type"] == "independence")
    assert any(fnmatch(f"homeostat_contracts.{package.name}", pattern) for pattern in apart["modules"])


def test_each_package_is_shipped_and_linted() -> None:
    packages = {path.parent.relative_to(ROOT) for root in ("operator", "api") for path in ROOT.glob(f"{root}/*/__init__.py")}
    names = {path.name for path in packages}
    tools = SETTINGS["tool"]
    assert {Path(path) for path in tools["hatch"]["build"]["targets"]["wheel"]["packages"]} == packages
    assert set(tools["importlinter"]["root_packages"]) == names
    assert set(tools["ruff"]["lint"]["isort"]["known-first-party"]) == names
