"""Our source, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """Returns a module's tree, which nobody may change."""
    return ast.parse(path.read_text(encoding="utf-8"))
