"""What requests have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from homeostat.models.machine_hardware import VCPU_MAX
from homeostat_api.http.words import Words

T = TypeVar("T")


class Asked(Words):
    """A request. Nulls count as left out, and so do the empty texts of fields that are not known here."""

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = cls.model_fields
        return {name: value for name, value in given.items() if value is not None and (value != "" or name in known)}


def said_once(name: str, *given: T | None) -> T | None:
    """Returns what is said of ``name``, in one place or equally in several.

    Raises:
        ValueError: two places say different things.
    """
    said = {value for value in given if value is not None}
    if len(said) > 1:
        raise ValueError(f"{name}: is said twice, as {' and '.join(sorted(str(value) for value in said))}: send one of them")
    return said.pop() if said else None


PluginName = Annotated[
    Annotated[str, Field(min_length=1, max_length=253)] | None,
    BeforeValidator(lambda given: None if given == "" else given),
    Field(description="The workload to run."),
]
Cores = Annotated[int | None, Field(ge=1, le=VCPU_MAX, description="vcpu, as Volant's command line calls it; 0: left out.")]
Memory = Annotated[int | None, Field(ge=16, le=2**30, description="Memory in MiB.")]
