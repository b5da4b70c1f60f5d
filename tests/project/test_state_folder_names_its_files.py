"""What lies in the state folder is named by StateFolder alone, so that nobody builds such a path by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from homeostat.store.files import state
from homeostat.store.files.state import StateFolder
from tests.unit.parsed import parsed

ROOT = Path(state.__file__).parents[4]


def test_no_other_module_names_them() -> None:
    folder = StateFolder(Path("/state"))
    named = {
        getattr(folder, name).name for name in ("index", "api_index", "api_log", "look_mark", "operator_socket", "_lock_file")
    }
    modules = [*ROOT.glob("operator/homeostat/**/*.py"), *ROOT.glob("api/*/**/*.py")]
    assert len(modules) > 100
    found = {str(path) for path in modules for text in _texts(path) if text in named}
    assert found == {state.__file__}


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
