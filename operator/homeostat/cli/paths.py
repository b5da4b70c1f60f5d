"""Arguments and options that name something: files and folders, and whatever else may not be empty."""

from __future__ import annotations

import os
from typing import Any

import click

NOTHING = "is empty, and names nothing: a variable of the shell that is not set is empty, too"


class NamedPath(click.Path):
    """Refuses an empty path. It comes of a shell's variable that is not set, and would be the folder that one stands in."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail(NOTHING, param, ctx)
        return super().convert(value, param, ctx)


class NamedText(click.types.StringParamType):
    """Refuses an empty text. It would be taken for an option that is left out, and then another server, state or namespace is
    what the command is about."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail(NOTHING, param, ctx)
        return super().convert(value, param, ctx)
