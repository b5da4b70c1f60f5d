"""Tells which files of a folder are parts that kustomize or Helm puts together: patches, a chart's values, its templates. What
they hold may look like a resource of ours, and is none before it is built."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import API_GROUP

from ..text import documents
from ..text.reader import UnreadableDocument
from .folder import CHART, FoundFile, Listing, read_file

_BUILD = "put here what kustomize build makes of it: ignored"
_RENDER = "put here what helm template makes of it: ignored"


@dataclass(frozen=True, slots=True)
class BuildPart:
    """What a file is part of."""

    words: str  # for people
    values: bool = False  # they name no apiVersion of ours: where it does, it is in the wrong place
    template: bool = False  # it is one only where YAML shows marks of a template
    sure: bool = True  # False: what is in force from it stays so

    def is_all(self, content: bytes) -> bool:
        """Tells whether nothing in a file of this content need be read."""
        return self.sure and not self.template and not (self.values and f"{API_GROUP}/".encode() in content)


@dataclass(frozen=True, slots=True)
class _Kustomization:
    """What a kustomization names: paths as it writes them. None: it cannot be read."""

    patches: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


@dataclass(slots=True)
class Parts:
    """Finds them, pass by pass. What a kustomization said is remembered while it stays the same."""

    _known: dict[str, tuple[str, _Kustomization | None]] = field(default_factory=dict)

    def of(self, listing: Listing, root: str) -> Mapping[str, BuildPart]:
        """Returns the parts among the files of a listing, by path. A file that some kustomization names as a resource is none."""
        if not listing.builds:
            return {}
        patches, resources, unread, charts = dict[str, str](), set[str](), dict[str, str](), dict[str, str]()
        for found in listing.builds:
            for folder in {os.path.dirname(os.path.join(root, found.path)), os.path.dirname(found.real)}:
                if os.path.basename(found.path) == CHART:
                    charts[folder] = found.path
                elif (said := self._said(found)) is None:
                    unread[folder] = found.path
                else:
                    patches |= {os.path.normpath(os.path.join(folder, name)): found.path for name in said.patches}
                    resources |= {os.path.normpath(os.path.join(folder, name)) for name in said.resources}
        found_parts = dict[str, BuildPart]()
        builds = {found.path for found in listing.builds}
        for file in listing.files:
            names = {os.path.normpath(os.path.join(root, file.path)), file.real}
            if file.path in builds or names & resources:
                continue
            if part := next(_parts(names, patches, unread, charts), None):
                found_parts[file.path] = part
        return found_parts

    def _said(self, found: FoundFile) -> _Kustomization | None:
        known = self._known.get(found.path)
        if known is None or known[0] != found.signature:
            self._known[found.path] = known = (found.signature, _read(found.real))
        return known[1]


def _parts(
    names: set[str], patches: Mapping[str, str], unread: Mapping[str, str], charts: Mapping[str, str]
) -> Iterator[BuildPart]:
    for name in names:
        if by := patches.get(name):
            yield BuildPart(f"is a patch that {by} names, and no resource; {_BUILD}")
    for name in names:
        folder, base = os.path.split(name)
        if by := unread.get(folder):
            yield BuildPart(f"may be a patch of {by}, which cannot be read; mend that: ignored", sure=False)
        if (by := charts.get(folder)) and base.startswith("values"):
            yield BuildPart(f"holds values of the chart {by}; {_RENDER}", values=True)
        yield from (
            BuildPart(f"is a template of the chart {chart}; {_RENDER}", template=True)
            for folder, chart in charts.items()
            if name.startswith(f"{folder}/templates/")
        )


def _read(path: str) -> _Kustomization | None:
    try:
        content = documents.read_documents(documents.decode(read_file(path)))
    except (OSError, ValueError, UnreadableDocument):
        return None
    if content.broken or any(document.problems for document in content.documents):
        return None
    said = [document.value for document in content.documents if isinstance(document.value, dict)]
    return _Kustomization(
        frozenset(path for value in said for path in _patches(value)),
        frozenset(path for value in said for path in _texts(value.get("resources"))),
    )


def _patches(value: Mapping[str, Any]) -> Iterator[str]:
    """Yields the files of patches. A patch may stand in the kustomization itself, too: then it has several lines."""
    yield from _texts(value.get("patchesStrategicMerge"))
    for name in ("patches", "patchesJson6902"):
        given = value.get(name)
        for patch in given if isinstance(given, list) else ():
            yield from _texts([patch.get("path")] if isinstance(patch, dict) else [])


def _texts(value: object) -> Iterator[str]:
    yield from (
        text for text in (value if isinstance(value, list) else ()) if isinstance(text, str) and "\n" not in text and text
    )
