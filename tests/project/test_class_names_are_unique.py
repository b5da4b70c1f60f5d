"""Who searches for a name finds one thing: classes, and aliases of types, have names of their own across both packages, and
across these and any contract. Two contracts may call their things alike.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.parsed import definitions, parsed

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "operator" / "homeostat", ROOT / "api" / "homeostat_api")
CONTRACTS = sorted(path.parent for path in ROOT.glob("api/homeostat_contracts/*/__init__.py"))
CAMEL_CASE = re.compile(r"_?[A-Z][A-Za-z]*[a-z][A-Za-z]*")

SAME_THING = {
    "Addresses": "by MAC, pairs of an address and its source; each room says what of it may change",
    "Object": "what the Kubernetes API calls so",
    "Patch": "a JSON merge patch; each room says what of it may change",
    "TrashEntry": "the planner's value, and the same in the words of the API: its OpenAPI component has that name",
    "TrashedDisk": "as TrashEntry",
}


def named(path: Path) -> Iterator[tuple[str, int]]:
    for node in definitions(path):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
    for statement in parsed(path).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and CAMEL_CASE.fullmatch(target.id):
                yield target.id, statement.lineno


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda path: str(path.name))
def test_each_class_and_each_alias_has_a_name_of_its_own(contract: Path) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(file for package in (*PACKAGES, contract) for file in package.rglob("*.py")):
        for name, line in named(path):
            places[name].append(f"{path.relative_to(ROOT)}:{line}")
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert shared.keys() == SAME_THING.keys(), shared
