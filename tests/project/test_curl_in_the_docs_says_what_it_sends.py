"""A `curl` of the documents that sends a body says that it is JSON: without that curl calls it a form, and the API refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TYPED = re.compile(r"Content-Type: application/|-H \"\$[JP]\"")  # the tours of contracts have theirs in variables


def commands() -> Iterator[str]:
    """Yields each command that sends a body, with what it prints."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for command in re.findall(r"^\$ (.*\n(?:(?!\$ |```).*\n)*)", page.read_text(encoding="utf-8"), re.MULTILINE):
            if re.match(r"(\w+=\$\()?curl ", command) and " -d " in command:
                yield f"{page.relative_to(ROOT)}: {command}"


def test_each_says_it() -> None:
    found = list(commands())
    assert len(found) > 10 and [command for command in found if not TYPED.search(command)] == []
