"""What lists are made of: each resource rendered once per change of it, or of the plugin that it is made from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.service.asking import Asking
from homeostat.service.changes import Changes
from homeostat.service.kinds.collection import Collection
from homeostat_api.http.kinds.kind_index import Entry, KindIndex


class Shelf:
    """An index whose rows are set by the test: uid and version by name."""

    def __init__(self) -> None:
        self.version = 1
        self.rows: dict[str, tuple[str, int]] = {}
        self.plugins: dict[str, int] = {"p": 1}
        self.made_of: dict[str, str] = {}
        self.gone: set[str] = set()  # between one look and the next
        self.half_gone: set[str] = set()
        self.shown: list[str] = []
        unused: Any = None
        workspace: Any = SimpleNamespace(store=self, namespace="default", desired=None)
        changes = Changes(lambda: self.version, lambda: False, 0.0)
        self.kind = KindIndex(
            Collection(Asking(HOUSE, workspace, changes, unused), VirtualMachine), changes, self._show, lambda: self.plugins
        )

    @property
    def index(self) -> Shelf:
        return self

    def versions(self, kind: type[Resource], namespace: str) -> Sequence[tuple[str, str, int]]:
        assert (kind, namespace) == (VirtualMachine, "default")
        return [(name, *row) for name, row in sorted(self.rows.items())]

    def row(self, key: Key) -> Any:
        if key.name in self.gone:
            return None
        uid, version = self.rows[key.name]
        return SimpleNamespace(name=key.name, uid=uid, version=version, document_form=lambda: {"whole": key.name})

    async def get(self, kind: type[Resource], key: Key) -> VirtualMachine | None:
        known = key.name in self.rows and key.name not in self.half_gone
        return VirtualMachine.model_validate({"metadata": {"name": key.name}, "spec": {}}) if known else None

    async def _show(self, machine: VirtualMachine) -> Mapping[str, Any]:
        name = machine.metadata.name
        self.shown.append(name)
        return {"name": name, "status": "running", "plugin": self.made_of.get(name)}

    def look(self) -> list[Entry]:
        """Each time as if the index had changed."""
        self.shown, self.version = [], self.version + 1
        version, entries = asyncio.run(self.kind.entries())
        assert version == self.version
        return list(entries)


def names(entries: Sequence[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_each_is_rendered_once_per_change_of_it() -> None:
    shelf = Shelf()
    shelf.rows = {"b": ("ub", 1), "a": ("ua", 1)}
    found = shelf.look()
    assert names(found) == ["a", "b"] and shelf.shown == ["a", "b"]
    assert json.loads(found[0].summary) == {"name": "a", "status": "running", "plugin": None}
    assert (found[0].status, found[0].plugin, found[0].whole) == ("running", None, b'{"whole":"a"}')
    assert shelf.look() == found and shelf.shown == []
    shelf.rows["b"] = ("ub", 2)
    shelf.look()
    assert shelf.shown == ["b"]
    shelf.rows["b"] = ("another", 2)
    shelf.look()
    assert shelf.shown == ["b"]
    del shelf.rows["a"]
    assert names(shelf.look()) == ["b"] and shelf.shown == []


def test_nothing_is_read_while_the_index_stands_still() -> None:
    shelf = Shelf()
    shelf.rows = {"a": ("ua", 1)}
    found = shelf.look()
    shelf.rows = {}
    version, entries = asyncio.run(shelf.kind.entries())
    assert (version, list(entries)) == (shelf.version, found)


def test_who_is_made_from_a_plugin_is_rendered_when_that_changes() -> None:
    shelf = Shelf()
    shelf.rows = {"a": ("ua", 1), "b": ("ub", 1), "c": ("uc", 1)}
    shelf.made_of = {"a": "p", "c": "none"}
    found = shelf.look()
    assert [entry.made_of for entry in found] == [1, None, None]
    shelf.look()
    assert shelf.shown == []
    shelf.plugins = {"p": 2}
    assert [entry.made_of for entry in shelf.look()] == [2, None, None]
    assert shelf.shown == ["a"]
    shelf.plugins = {"p": 2, "none": 1}
    shelf.look()
    assert shelf.shown == ["c"]


def test_what_goes_between_two_looks_is_left_out() -> None:
    shelf = Shelf()
    shelf.rows = {"a": ("ua", 1), "b": ("ub", 1), "c": ("uc", 1)}
    shelf.gone, shelf.half_gone = {"a"}, {"b"}
    assert names(shelf.look()) == ["c"]
    shelf.gone, shelf.half_gone = set(), set()
    assert names(shelf.look()) == ["a", "b", "c"]
