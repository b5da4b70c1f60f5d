"""The documents say how each promise is tested: the files that they name are there."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_each_file_named_in_the_documents_is_there() -> None:
    texts = [path.read_text() for path in (REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md"))]
    named = {name for text in texts for name in re.findall(r"`(tests/[\w/.-]+\.py)`", text)}
    assert len(named) > 15
    assert sorted(name for name in named if not (REPOSITORY / name).exists()) == []
