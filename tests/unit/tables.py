"""Small decisions over everything that they may meet, as lines of text, which ``as_before`` compares with golden/tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from homeostat.planner.plan import Change, Outcome, Waiting

FOLDER = Path(__file__).parent / "golden" / "tables"


def as_before(name: str, lines: Iterable[str], request: pytest.FixtureRequest) -> None:
    text, golden = "\n".join(lines) + "\n", FOLDER / f"{name}.txt"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def words(outcome: Outcome | None) -> str:
    after = f" in {outcome.after:g} s" if isinstance(outcome, Waiting) and outcome.after is not None else ""
    return f"{type(outcome).__name__} {outcome.reason}{after}: {outcome.message}" if outcome else "None"


def changes(before: Any, after: Any) -> str:
    differ = [f.name for f in fields(before) if getattr(before, f.name) != getattr(after, f.name)]
    return ", ".join(f"{name} {getattr(after, name)}" for name in differ) or "as it was"


def does(action: Any) -> str:
    """All of an action, but what is empty."""
    known = {f.name: value for f in fields(action) if (value := getattr(action, f.name)) not in (None, "", ())}
    return f"{type(action).__name__}({', '.join(f'{name}={value}' for name, value in known.items())})"


def differences(found: Iterable[Change]) -> str:
    return ", ".join(f"{change.field}: {change.old} → {change.new} {change.disruption.name}" for change in found)


def grouped(title: str, cases: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Each result once, with all that lead to it."""
    found: dict[str, list[str]] = {}
    for case, result in cases:
        found.setdefault(result, []).append(case)
    yield title
    for result, of in found.items():
        yield f"  {result} ← {'; '.join(of)}"
