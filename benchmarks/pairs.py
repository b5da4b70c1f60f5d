"""What is judged against a plain loop: both run in turn, in pairs, because one pair alone may be wrong by half."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.measure import say
from benchmarks.result import Figure, Result

PAIRS = 3
SECONDS = "seconds"
Figures = Mapping[str, float]
"""What one run found: ``SECONDS`` and whatever else."""


def in_turn(
    name: str, count: int, budget: str, ours: Callable[[int], Figures], plain: Callable[[int], Figures], pairs: int = PAIRS
) -> Result:
    """Runs ours, plain, ours, plain …; each gets the number of its pair, from 0. All figures are medians, and the ratio is that
    of the pairs' ratios. What ours and plain found besides their seconds is part of the result."""
    found: list[tuple[Figures, Figures]] = []
    for number in range(pairs):
        found.append((ours(number), plain(number)))
        say(f"{name}: pair {number + 1} of {pairs}: {found[-1][0][SECONDS]:.2f} s, plain loop {found[-1][1][SECONDS]:.2f} s")
    mine, theirs = [pair[0] for pair in found], [pair[1] for pair in found]
    more: dict[str, Figure] = {
        "operator_slowest_s": max(run[SECONDS] for run in mine),
        "plain_slowest_s": max(run[SECONDS] for run in theirs),
        **{figure: value for side in (mine, theirs) for figure, value in _medians(side).items() if figure != SECONDS},
    }
    ratios = [our[SECONDS] / their[SECONDS] for our, their in found]
    value, baseline = _medians(mine)[SECONDS], _medians(theirs)[SECONDS]
    return Result(name, count, value, "s", budget, baseline, median(ratios), more)


def _medians(runs: Sequence[Figures]) -> dict[str, float]:
    return {figure: median(run[figure] for run in runs) for figure in runs[0]}
