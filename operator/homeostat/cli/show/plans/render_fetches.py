"""Plugins, Images and Hosts in a plan: what changed of each, and what would be fetched for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.plugin import Plugin
from homeostat.planner.plan import Stalled, Waiting

from ..render_texts import Line
from .render_changes import value_lines
from .render_facts import fact_lines
from .render_plan import Verb, head_as_json, heading, verb_by_status


@dataclass(frozen=True, slots=True)
class _FetchingEntry:
    """``changes`` are those of its spec that no operator has seen yet. ``fetches`` are the images that the host lacks.
    ``refusal``: why one of them cannot be had."""

    resource: Plugin | Image | Host
    changes: Mapping[str, tuple[object, object]]
    fetches: Sequence[str]
    place: str = ""
    refusal: Waiting | Stalled | None = None

    @property
    def verb(self) -> Verb:
        return verb_by_status(self.resource, bool(self.changes or self.fetches))

    @property
    def stalled(self) -> bool:
        return self.refusal is not None and not self.resource.deleting

    @property
    def problem(self) -> str:
        return self.refusal.message if self.refusal is not None else ""

    @property
    def pending(self) -> bool:
        return False

    def facts(self) -> list[tuple[str, str]]:
        """Returns what is shown of a new one."""
        return []

    def lines(self) -> list[Line]:
        lines = [heading(self)]
        if self.verb is Verb.CREATE:
            lines += fact_lines(facts) if (facts := self.facts()) else []
        lines += [line for name, both in self.changes.items() for line in value_lines(name, *both, "", "busy")]
        if self.verb is not Verb.DELETE:
            lines += [Line(f"    {i}. fetch image {url}") for i, url in enumerate(self.fetches, 1)]
            return [*lines, *([Line(f"    ! {why.reason}: {why.message}", "bad")] if (why := self.refusal) is not None else [])]
        return [*lines, Line("    … once nothing uses it any more", "dim")]

    def as_json(self) -> dict[str, Any]:
        return {
            **head_as_json(self),
            "changes": [{"field": field, "old": old, "new": new} for field, (old, new) in self.changes.items()],
            "fetches": list(self.fetches),
            "problem": self.problem,
        }


class PluginEntry(_FetchingEntry):
    """One plugin."""

    def facts(self) -> list[tuple[str, str]]:
        assert isinstance(self.resource, Plugin)
        spec = self.resource.spec
        return [("version", spec.version), ("workload.type", spec.workload.type.value)]


class ImageEntry(_FetchingEntry):
    """One Image."""

    def facts(self) -> list[tuple[str, str]]:
        assert isinstance(self.resource, Image)
        origin = self.resource.spec.source
        return [("source", "an upload" if origin.upload is not None else origin.url or origin.path or "")]


class HostEntry(_FetchingEntry):
    """One Host, which fetches nothing for itself."""

    def facts(self) -> list[tuple[str, str]]:
        assert isinstance(self.resource, Host)
        return [("maintenance", "no new machines are placed on it")] if self.resource.spec.maintenance else []
