"""What may happen: one act is a function with a name, a weight, and a condition.

Whether an act is possible rests on the desired state and on what was done before, never on what the operator has made of it: so
the same seed chooses the same acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.soak.world import World

ROOMS = ("edits", "files", "git", "kills", "virsh", "faults", "trash")


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    weight: int
    possible: Callable[[World], bool]
    carry_out: Callable[[World], None]


ACTS: dict[str, Act] = {}


def act(
    weight: int, possible: Callable[[World], object] = lambda world: True, only: str = "", name: str = ""
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Registers a function as an act; its name is the function's. ``only``: in that kind of world."""

    def register(function: Callable[[World], None]) -> Callable[[World], None]:
        title = name or function.__name__.replace("_", " ")
        ACTS[title] = Act(title, weight, lambda world: only in ("", world.kind) and bool(possible(world)), function)
        return function

    return register


def all_acts(words: Iterable[str] = ()) -> list[Act]:
    """Those whose names hold one of the words; all where there is none. A word with a minus leaves acts out."""
    for room in ROOMS:
        import_module(f"{__name__}.{room}")
    words = tuple(words)
    unwanted = [word[1:] for word in words if word.startswith("-")]
    wanted = [word for word in words if not word.startswith("-")] or [""]
    named = [title for title in sorted(ACTS) if any(word in title for word in wanted)]
    return [ACTS[title] for title in named if not any(word in title for word in unwanted)]


def choose(world: World, acts: list[Act]) -> Act | None:
    possible = [one for one in acts if one.possible(world)]
    return world.rng.choices(possible, [one.weight for one in possible])[0] if possible else None
