"""Our source, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """Returns a module's tree, which nobody may change."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def definitions(path: Path) -> tuple[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Returns a module's classes and functions, those within others, too."""
    found = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    return tuple(found)
