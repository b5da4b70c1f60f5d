"""Arguments and options that name files and folders."""

from __future__ import annotations

import os
from typing import Any

import click


class NamedPath(click.Path):
    """Refuses an empty path. It comes of a shell's variable that is not set, and would be the folder that one stands in."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty, and names nothing: a variable of the shell that is not set is empty, too", param, ctx)
        return super().convert(value, param, ctx)
