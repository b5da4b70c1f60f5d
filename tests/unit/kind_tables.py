"""The tables that are keyed by the class of a kind: one per thing that differs by kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import homeostat.cli.commands.plan as plan  # the package has a command of that name
from homeostat.cli.commands import describe
from homeostat.cli.show import tables
from homeostat.models.base import Resource
from homeostat.service import desk
from homeostat.service.changing import references
from homeostat.store.files.passes import removal
from homeostat_contracts.volant import errors

KIND_TABLES: Mapping[str, tuple[ModuleType, str]] = {
    "tables of get": (tables, "TABLES"),
    "settling times": (removal, "SETTLES"),
    "what a change takes away": (removal, "TAKES"),
    "words of the API": (errors, "NOUNS"),
    "what describe says": (describe, "DESCRIBED"),
    "what one names of others": (references, "USES"),
    "what a desk serves": (desk, "COLLECTIONS"),
    "groups of a plan": (plan, "GROUPS"),
}
"""By what it is about: the module, and the table's name there."""


def kind_table(about: str) -> Mapping[type[Resource], Any]:
    module, name = KIND_TABLES[about]
    found: Mapping[type[Resource], Any] = getattr(module, name)
    return found
