"""What pydantic refuses outside of YAML is said in our words, without the value, which may be a secret."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from homeostat.models.explain import first_problem, in_plain_words


class Disk(BaseModel):
    type: Literal["disk"]


class Card(BaseModel):
    type: Literal["card"]


class Asked(BaseModel):
    name: str = Field("a", min_length=1, max_length=3)
    count: int = Field(1, ge=1, lt=10)
    on: bool = True
    way: Literal["up", "down"] = "up"
    parts: list[str] = Field(["a"], max_length=2)
    notes: dict[str, str] = {}
    inner: Asked | None = None
    letters: str = Field("a", pattern="^[a-z]+$")
    device: Annotated[Disk | Card, Field(discriminator="type")] | None = None

    @field_validator("name")
    @classmethod
    def _not_x(cls, name: str) -> str:
        if name == "x":
            raise ValueError("cannot be x")
        return name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": 3}, "must be text"),
        ({"name": ""}, "is too short: at least 1 characters"),
        ({"name": "hunter2"}, "is too long: at most 3 characters"),
        ({"name": "x"}, "cannot be x"),
        ({"count": "many"}, "must be a whole number"),
        ({"count": 0}, "must be at least 1"),
        ({"count": 10}, "must be less than 10"),
        ({"on": "hunter2"}, "must be true or false"),
        ({"way": "hunter2"}, "must be one of up or down"),
        ({"parts": "hunter2"}, "must be a list"),
        ({"parts": ["a", "b", "c"]}, "has 3 entries: at most 2"),
        ({"notes": 1}, "must hold names and their values"),
        ({"inner": 1}, "must hold fields"),
        (3, "must hold fields"),
        ({"letters": "Hunter2"}, "must match ^[a-z]+$"),
        ({"device": {}}, "needs the field type"),
        ({"device": {"type": "hunter2"}}, "its type must be one of disk, card"),
    ],
)
def test_the_words(given: Any, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate(given)
    (one,) = refused.value.errors()
    assert in_plain_words(one) == words


@pytest.mark.parametrize(
    ("given", "said"), [({"inner": {"count": 0}}, "inner.count: must be at least 1"), (3, "it: must hold fields")]
)
def test_the_first_with_its_place(given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate(given)
    assert first_problem(refused.value) == said
