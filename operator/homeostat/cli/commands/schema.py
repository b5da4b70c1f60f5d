"""``homeostat schema``: the JSON Schema of a kind."""

from __future__ import annotations

import json

import click

from homeostat.models.schema import json_schema

from ..references import kind_called
from ..terminal import emit


@click.command()
@click.argument("kind", default="vm")
def schema(kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of a KIND. Default: vm.

    Editors with yaml-language-server complete and check a file that begins with
    "# yaml-language-server: $schema=vm.schema.json", once `homeostat schema vm > vm.schema.json` has written that file.
    """
    emit(json.dumps(json_schema(kind_called(kind)), indent=2))
