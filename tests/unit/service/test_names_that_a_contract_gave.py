"""A resource that a contract made keeps the name that was asked for, whatever it is called itself, and an id of its own."""

from __future__ import annotations

import re
import uuid

import pytest

from homeostat.models.base import API_VERSION, NAME_MAX, NAME_PATTERN, OwnerReference
from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import GIVEN_NAME, ID, given_name, id_of, marks_of, resource_name
from tests.unit.serving import resource

LONG = 70 * "a"


@pytest.mark.parametrize("given", ["web", "a", "web-2", NAME_MAX * "a"])
def test_what_can_be_a_name_is_one(given: str) -> None:
    assert resource_name(given) == given and marks_of(given).annotations == {}


@pytest.mark.parametrize(
    ("given", "readable"),
    [
        ("My Web", "my-web"),
        ("web_2", "web-2"),
        (" web ", "web"),
        ("-web-", "web"),
        ("Ünicode", "nicode"),
        ("äöü", "x"),
        ("", "x"),
        (LONG, (NAME_MAX - 11) * "a"),
        (51 * "a" + " " + LONG, 51 * "a"),
    ],
)
def test_what_cannot_be_one_is_recognised_in_it(given: str, readable: str) -> None:
    made = resource_name(given)
    name, _, digest = made.rpartition("-")
    assert (name, len(digest)) == (readable, 10) and len(made) <= NAME_MAX and re.fullmatch(NAME_PATTERN, made)
    assert made == resource_name(given) != resource_name(f"{given}!"), "two names stay two"
    assert marks_of(given).annotations == {GIVEN_NAME: given}


def test_another_name_of_its_own_is_noted() -> None:
    assert marks_of("web", "web-7").annotations == {GIVEN_NAME: "web"}
    assert marks_of("web-7", "web-7").annotations == marks_of("My Web", "My Web").annotations == {}


def test_no_two_have_one_id() -> None:
    first, second = marks_of("web").labels, marks_of("web").labels
    assert set(first) == {ID} and uuid.UUID(first[ID]) != uuid.UUID(second[ID])


def test_what_a_resource_says_of_itself() -> None:
    bare = resource(VirtualMachine, "web")
    assert (id_of(bare), given_name(bare)) == ("uid-web", "web")
    marked = bare.metadata.model_copy(update={"labels": {ID: "an-id"}, "annotations": {GIVEN_NAME: "My Web"}})
    named = bare.model_copy(update={"metadata": marked})
    assert (id_of(named), given_name(named)) == ("an-id", "My Web")


def test_what_another_resource_owns_is_not_believed() -> None:
    """A contract makes no such one: its marks came from a template."""
    above = OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="box", uid="uid-box")
    said = {"labels": {ID: "an-id"}, "annotations": {GIVEN_NAME: "My Web"}, "owner_references": (above,)}
    bare = resource(VirtualMachine, "box-1")
    owned = bare.model_copy(update={"metadata": bare.metadata.model_copy(update=said)})
    assert (id_of(owned), given_name(owned)) == ("uid-box-1", "box-1")
