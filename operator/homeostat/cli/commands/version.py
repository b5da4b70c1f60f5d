"""``homeostat version``."""

from __future__ import annotations

import click

from homeostat import __version__

from ..terminal import say


@click.command()
def version() -> None:
    """Print the version."""
    say(f"homeostat {__version__}")
