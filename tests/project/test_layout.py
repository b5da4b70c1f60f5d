"""The tree keeps its shape: source roots, the stdlib's operator, file and function sizes."""

from __future__ import annotations

import ast
import operator
import sysconfig
from pathlib import Path

import pytest

from tests.unit.parsed import definitions

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for room in ("operator", "api") for path in (ROOT / room).rglob("*.py"))
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


def test_the_source_root_does_not_shadow_the_stdlib() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists(), "operator/__init__.py would shadow the stdlib's operator"
    assert Path(operator.__file__).parent == Path(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, f"{path.name} is longer than {MAX_FILE_LINES} lines: split it"
    for node in definitions(path):
        if not isinstance(node, ast.ClassDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{path.name}:{node.lineno} {node.name}: {length} lines"
