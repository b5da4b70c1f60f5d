"""Our source, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """Returns a module's tree, which nobody may change."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def definitions(path: Path) -> tuple[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Returns a module's classes and functions, those within others, too."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return tuple(node for node in _statements(parsed(path)) if isinstance(node, kinds))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yields what is in the blocks of a node, level by level: no expression holds a block, and most nodes are expressions."""
    level = [node]
    while level:
        blocks = (getattr(above, name, ()) for above in level for name in ("body", "handlers", "orelse", "finalbody", "cases"))
        level = [below for block in blocks if isinstance(block, list) for below in block]
        yield from level
