"""What the removal rule remembers between passes and over restarts: one small JSON in the index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.models.base import Key

from ...index.index import Index, compact
from .removal import WINDOW

SETTING = "removals"


@dataclass(frozen=True, slots=True)
class Remembered:
    held: Mapping[Key, str] = field(default_factory=dict)  # what waits for a confirmation, with the reason
    folders: Mapping[str, str] = field(default_factory=dict)  # see Listing.folders
    hidden: frozenset[Key] = frozenset()  # what stood in a folder that was another one than before; see ``not_as_known``
    renamed: Mapping[Key, Key] = field(default_factory=dict)
    emptied: frozenset[Key] = frozenset()  # see Ruling
    taken: Sequence[tuple[float, int]] = ()  # when something went unconfirmed (seconds since the epoch), and its weight

    @classmethod
    def load(cls, index: Index) -> Remembered:
        found = json.loads(index.setting(SETTING) or "{}")
        return cls(
            {Key.parse(key): reason for key, reason in found.get("held", {}).items()},
            found.get("folders", {}),
            frozenset(map(Key.parse, found.get("hidden", ()))),
            {Key.parse(old): Key.parse(new) for old, new in found.get("renamed", {}).items()},
            frozenset(map(Key.parse, found.get("emptied", ()))),
            [(when, weight) for when, weight in found.get("taken", ())],
        )

    def dump(self) -> str | None:
        """Returns it as JSON. None: there is nothing to remember."""
        whole = {
            "held": {str(key): reason for key, reason in self.held.items()},
            "folders": dict(self.folders),
            "hidden": sorted(map(str, self.hidden)),
            "renamed": {str(old): str(new) for old, new in self.renamed.items()},
            "emptied": sorted(map(str, self.emptied)),
            "taken": list(self.taken),
        }
        said = {name: part for name, part in whole.items() if part}
        return compact(said) if said else None

    def weight(self, now: float) -> int:
        """Returns the weight of what went within the window. Where the clock was set back, everything counts."""
        return sum(weight for when, weight in self.taken if now - when < WINDOW)

    def still(self, now: float) -> list[tuple[float, int]]:
        return [(when, weight) for when, weight in self.taken if 0 <= now - when < WINDOW]
