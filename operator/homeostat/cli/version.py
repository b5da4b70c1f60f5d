"""``homeostat version``."""

from __future__ import annotations

import click

from homeostat import __version__


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"homeostat {__version__}")
