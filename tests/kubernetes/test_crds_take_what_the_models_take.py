"""What a model writes its CustomResourceDefinition takes, whole; what a model refuses by type, choice or pattern, it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.kinds import STORED
from tests.unit.crd_schemas import SCHEMAS, is_let_in, nodes, refusals
from tests.unit.documents import DOCUMENTS, Document, document
from tests.unit.machines import Spec, flat, specs

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
# Kinds of pydantic's errors that a schema can say.
SAID = {
    "bool_parsing", "bool_type", "dict_type", "enum", "extra_forbidden", "greater_than_equal", "int_from_float", "int_parsing",
    "int_type", "less_than_equal", "literal_error", "missing", "model_type", "string_pattern_mismatch", "string_too_long",
    "string_too_short", "string_type", "tuple_type",
}  # fmt: skip
VALUES: tuple[Any, ...] = (
    True, 0, -1, 7, 2**40, 1.5, "", "x", "Other", "a b", "-1", "12Gi", "120%", "x" * 5000, [], ["a"], [{}], {}, {"other": 1},
    {"a": {}},
)  # fmt: skip


def load(kind: str, value: Document) -> Document:
    return STORED[kind].model_validate(value).dump()


@pytest.mark.parametrize("one", DOCUMENTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_document_of_every_field_is_taken_whole(one: Document) -> None:
    written = load(one["kind"], one)
    assert refusals(written) == []
    assert load(one["kind"], written) == written


@pytest.mark.parametrize("one", DOCUMENTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_it_is_taken_with_its_defaults_spelt_out(one: Document) -> None:
    assert refusals(STORED[one["kind"]].model_validate(one).dump(defaults=True)) == []


def test_these_documents_leave_no_field_out() -> None:
    def names(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for name, part in value.items():
                yield name
                yield from names(part)
        elif isinstance(value, list):
            for part in value:
                yield from names(part)

    known = {path.rpartition(".")[2].rstrip("[]{}") for schema in SCHEMAS.values() for path, _ in nodes(schema)}
    assert known - {""} <= set(names(list(DOCUMENTS)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_taken(path: Path) -> None:
    for one in yaml.safe_load_all(path.read_text()):
        assert refusals(one) == []


@given(specs())
def test_any_machine_is_taken(fields: Spec) -> None:
    assert refusals(load("VirtualMachine", document("VirtualMachine", "any", flat(fields)))) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value below spec and status."""
    if path and path[0] in ("spec", "status"):
        yield path
    for step, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if path or step in ("spec", "status"):
            yield from places(part, (*path, step))


EVERYWHERE = [(number, path) for number, one in enumerate(DOCUMENTS) for path in places(one)]


def with_value(one: Document, path: tuple[Any, ...], value: Any) -> Document:
    """A copy that shares all that is beside the path."""
    changed = inner = copy(one)
    for step in path[:-1]:
        inner[step] = inner = copy(inner[step])
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_what_a_model_refuses_is_refused(value: Any) -> None:
    let_in = []
    for number, path in EVERYWHERE:
        wrong = with_value(DOCUMENTS[number], path, value)
        try:
            load(wrong["kind"], wrong)
        except ValidationError as error:
            said = [d for d in error.errors() if d["type"] in SAID and d["loc"][: len(path)] == path]
            if said and is_let_in(wrong):
                let_in.append((wrong["kind"], path, said[0]["type"]))
    assert let_in == []


@given(st.sampled_from(EVERYWHERE), st.sampled_from(VALUES))
def test_what_is_let_in_and_loaded_is_written_back_as_it_may_be(place: tuple[int, tuple[Any, ...]], value: Any) -> None:
    number, path = place
    other = with_value(DOCUMENTS[number], path, value)
    if refusals(other):
        return
    try:
        written = load(other["kind"], other)
    except ValidationError:
        return  # a rule over several fields: the operator says so
    assert refusals(written) == []
