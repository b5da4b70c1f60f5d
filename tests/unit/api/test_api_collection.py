"""The resources of one kind: found by name, made in the namespace that is served, changed as they stood."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.service.asking import Asking
from homeostat.service.changes import Changes
from homeostat.service.kinds.collection import NAME_LIMIT, Collection
from homeostat.service.refusals import NotAllowed, Refusal, Stale
from homeostat.store import errors as store_errors
from homeostat_api.http.errors import Problem
from homeostat_contracts.volant.errors import from_refusal


def machine(**metadata: Any) -> VirtualMachine:
    return VirtualMachine.model_validate({"metadata": {"name": "web", "resourceVersion": "7", **metadata}, "spec": {}})


class Shelf:
    """A store that notes what it is asked; ``answer``: of any name, or what is raised where it is written. ``refuses``: all that
    is to be admitted.
    """

    def __init__(self, answer: Resource | None = None, fails: Exception | None = None, refuses: bool = False) -> None:
        self.answer, self.fails, self.refuses = answer, fails, refuses
        self.admitted: list[Any] = []
        self.asked: list[Any] = []

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        self.asked.append(key)
        return self.answer

    async def create(self, kind: str, document: Any, author: str, dry: bool = False) -> Resource | None:
        self.asked.append((kind, document, author))
        return self.answer

    async def patch(self, key: Key, patch: Any, author: str, expected_version: str | None, dry: bool = False) -> Resource | None:
        self.asked.append((key.name, patch, author, expected_version))
        if self.fails:
            raise self.fails
        return self.answer

    async def new(self, document: Any) -> None:
        self._admit(document)

    async def change(self, before: Resource, patch: Any) -> None:
        self._admit((before, patch))

    def _admit(self, wanted: Any) -> None:
        if self.refuses:
            raise NotAllowed("no")
        assert not writes(self)
        self.admitted.append(wanted)

    def machines(self, namespace: str = "default") -> Collection[VirtualMachine]:
        workspace: Any = SimpleNamespace(store=self, namespace=namespace, desired=self)
        admission: Any = self
        unused: Any = None
        asking = Asking(HOUSE, workspace, Changes(lambda: 1, lambda: False, 0.0), unused)
        made = Collection(asking, VirtualMachine)
        made._admission = admission
        return made


def refused(asked: Coroutine[Any, Any, object]) -> tuple[int, str, dict[str, Any]]:
    with pytest.raises((Problem, Refusal)) as found:
        asyncio.run(asked)
    problem = from_refusal(found.value) if isinstance(found.value, Refusal) else found.value
    assert isinstance(problem, Problem)
    return problem.status_code, problem.problem_code, problem.details


@pytest.mark.parametrize("name", ["a/b", "/", "a/", "x" * (NAME_LIMIT + 1)])
def test_what_can_be_no_name_is_not_looked_up(name: str) -> None:
    shelf = Shelf(machine())
    assert asyncio.run(shelf.machines().find(name)) is None
    assert shelf.asked == []
    assert refused(shelf.machines().get(name)) == (404, "vm_not_found", {"name": name[:256]})


@pytest.mark.parametrize("name", ["web", "x" * NAME_LIMIT])
def test_what_can_be_one_is_looked_up_in_the_namespace_that_is_served(name: str) -> None:
    shelf = Shelf(machine())
    assert asyncio.run(shelf.machines("lab").find(name)) == machine()
    assert shelf.asked == [Key("VirtualMachine", "lab", name)]


def test_what_is_being_deleted_stands_no_more() -> None:
    going = machine(deletionTimestamp="2026-01-01T00:00:00Z")
    assert asyncio.run(Shelf(going).machines().get("web")) == going
    assert refused(Shelf(going).machines().standing("web")) == (409, "vm_deleting", {"name": "web"})
    assert asyncio.run(Shelf(machine()).machines().standing("web")) == machine()


@pytest.mark.parametrize(("namespace", "written"), [("default", {}), ("lab", {"namespace": "lab"})])
def test_a_new_one_names_the_namespace_where_it_is_not_the_usual_one(namespace: str, written: dict[str, str]) -> None:
    shelf = Shelf(machine())
    assert asyncio.run(shelf.machines(namespace).create({"metadata": {"name": "web"}, "spec": {}})) == machine()
    assert shelf.asked == [("VirtualMachine", {"metadata": {"name": "web", **written}, "spec": {}}, "api")]


@pytest.mark.parametrize(
    ("patch", "version", "written"),
    [({}, None, False), ({}, "7", True), ({"spec": {}}, None, True), ({"spec": {}}, "7", True)],
)
def test_a_patch_of_nothing_is_not_written_unless_a_version_is_to_stand(
    patch: dict[str, Any], version: str | None, written: bool
) -> None:
    after = machine(labels={"a": "b"})
    shelf = Shelf(after)
    assert asyncio.run(shelf.machines().patch(machine(), patch, version)) == (after if written else machine())
    assert shelf.asked == ([("web", patch, "api", version)] if written else [])


KEY = Key("VirtualMachine", "default", "web")


def test_why_a_patch_is_refused() -> None:
    def patched(error: Exception, version: str | None) -> Coroutine[Any, Any, object]:
        return Shelf(machine(resourceVersion="9"), error).machines().patch(machine(), {"spec": {}}, version)

    for version in (None, "7"):
        assert refused(patched(store_errors.AlreadyExists(KEY), version)) == (409, "vm_deleting", {"name": "web"})
    overtaken = store_errors.Conflict(KEY, "7", "9")
    assert refused(patched(overtaken, "7")) == (412, "precondition_failed", {"resource_version": "9"})
    with pytest.raises(store_errors.Conflict):
        asyncio.run(patched(overtaken, None))


def test_an_edit_is_repeated_for_nothing_but_a_version() -> None:
    made: list[Resource] = []

    async def change(found: VirtualMachine) -> dict[str, Any]:
        made.append(found)
        raise Problem(409, "conflict", "no") if len(made) > 1 else Stale("9")

    assert refused(Shelf(machine()).machines().edit("web", None, change))[0] == 409
    assert len(made) == 2
    assert refused(Shelf(machine()).machines().edit("web", "7", change))[0] == 409
    assert len(made) == 3


@pytest.mark.parametrize(("asked", "expected"), [(None, "7"), ("5", "5")])
def test_an_edit_holds_to_the_version_that_was_read_or_named(asked: str | None, expected: str) -> None:
    shelf = Shelf(machine())

    async def change(found: VirtualMachine) -> dict[str, Any]:
        return {"spec": {"paused": True}}

    assert asyncio.run(shelf.machines().edit("web", asked, change)) == (machine(), machine())
    assert shelf.asked[-1] == ("web", {"spec": {"paused": True}}, "api", expected)


def test_security_whatever_is_written_was_admitted_before() -> None:
    async def change(found: VirtualMachine) -> dict[str, Any]:
        return PATCH

    document = {"metadata": {"name": "web"}, "spec": {}}
    for asked, judged in (
        (lambda machines: machines.create(document), document),
        (lambda machines: machines.patch(machine(), PATCH), (machine(), PATCH)),
        (lambda machines: machines.edit("web", None, change), (machine(), PATCH)),
    ):
        shelf = Shelf(machine())
        asyncio.run(asked(shelf.machines()))
        assert shelf.admitted == [judged] and writes(shelf)
        shelf = Shelf(machine(), refuses=True)
        assert refused(asked(shelf.machines()))[0] == 400
        assert not writes(shelf)


PATCH = {"spec": {"paused": True}}


def writes(shelf: Shelf) -> list[Any]:
    return [asked for asked in shelf.asked if not isinstance(asked, Key)]
