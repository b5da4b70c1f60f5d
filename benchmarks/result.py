"""The result of a benchmark: one JSON line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Figure = float | int | str | bool | None | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """The result. ``value`` and ``baseline`` have the same unit; ``budget`` is what DESIGN §7 allows, in words."""

    name: str
    count: int
    value: float
    unit: str
    budget: str
    baseline: float | None = None
    ratio: float | None = None  # value/baseline where that is what is judged
    more: Mapping[str, Figure] = field(default_factory=dict)

    def line(self) -> str:
        shown = {
            "name": self.name,
            "count": self.count,
            "value": _short(self.value),
            "unit": self.unit,
            "baseline": _short(self.baseline),
            "ratio": _short(self.ratio),
            "budget": self.budget,
        }
        return json.dumps(shown | {name: _short(figure) for name, figure in self.more.items()})


def _short(figure: Figure) -> Figure:
    if isinstance(figure, Mapping):
        return {name: float(f"{part:.4g}") for name, part in figure.items()}
    return float(f"{figure:.4g}") if isinstance(figure, float) else figure
