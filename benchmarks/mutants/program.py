"""Draws mutants, tries them, and says what survived: progress on stderr, one JSON document on stdout."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.mutants.rooms import ROOT, Mutant, all_mutants, equivalents, tests


@dataclass
class Tried:
    fates: Counter[str] = field(default_factory=Counter)
    rooms: dict[str, Counter[str]] = field(default_factory=dict)
    survivors: list[dict[str, Any]] = field(default_factory=list)

    def note(self, mutant: Mutant, fate: str, tests: int) -> None:
        self.fates[fate] += 1
        self.rooms.setdefault(mutant.room, Counter())[fate] += 1
        if fate in ("survived", "uncovered"):
            told = {"place": mutant.place, "function": mutant.function, "old": mutant.old, "new": mutant.new, "tests": tests}
            self.survivors.append(told)
        if fate != "killed":  # on a busy machine what timed out may only have been slow
            print(f"{fate} ({tests} tests): {mutant}", file=sys.stderr, flush=True)


def run(options: argparse.Namespace) -> int:
    os.chdir(ROOT)
    mutants = chosen(options)
    if options.list:
        print(*mutants, sep="\n")
        return 0
    import pytest

    from benchmarks.mutants.trial import Trial

    tried, began = Tried(), time.monotonic()
    os.environ |= {"HYPOTHESIS_PROFILE": "first", "HOMEOSTAT_TEST_API": "inside"}
    quiet = ("-qq", "-s", "-p", "no:xdist", "-p", "no:cacheprovider", "--timeout=0")
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*quiet, *run_by(options)], plugins=[Trial(mutants, options.timeout, options.budget, tried.note)])
    print(json.dumps(result(tried, time.monotonic() - began, options.seed), indent=1), flush=True)
    return int(code)


def chosen(options: argparse.Namespace) -> Sequence[Mutant]:
    """Returns the drawn mutants in the order of the code."""
    every = [m for m in all_mutants() if not options.only or any(text in f"{m.place} {m.function}" for text in options.only)]
    if options.sample is None or options.sample >= len(every):
        return every
    drawn = random.Random(options.seed).sample(range(len(every)), options.sample)
    return [every[number] for number in sorted(drawn)]


def run_by(options: argparse.Namespace) -> list[str]:
    """Returns the files of tests that are run."""
    return [path for path in tests() if not options.tests or any(text in path for text in options.tests)]


def result(tried: Tried, seconds: float, seed: int) -> dict[str, Any]:
    return {
        "name": "mutants",
        "count": tried.fates.total(),
        "seed": seed,
        "value": _share(tried.fates),
        "unit": "of the mutants survived",
        "budget": "< 0.1",
        "seconds": round(seconds),
        "equivalent": len(equivalents()),
        **{fate.replace(" ", "_"): count for fate, count in sorted(tried.fates.items())},
        "rooms": {room: {"survived": _share(fates), "count": fates.total()} for room, fates in sorted(tried.rooms.items())},
        "survivors": tried.survivors,
    }


def _share(fates: Counter[str]) -> float:
    return round((fates["survived"] + fates["uncovered"]) / max(1, fates.total()), 3)
