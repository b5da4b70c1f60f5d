"""``homeostat events``: what happened."""

from __future__ import annotations

import click

from ..access import run
from ..errors import CliError
from ..paths import NamedText
from ..references import complete_any, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.listing import list_events


@click.command()
@click.argument("what", nargs=-1, metavar="[NAME]", shell_complete=complete_any)
@click.option(
    "--for", "subject", type=NamedText(), metavar="KIND/NAME", help="Only of this resource.", shell_complete=complete_any
)
@click.option("-w", "--watch", is_flag=True, help="Go on, and print new ones.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Of every namespace.")
@click.option("-o", "--output", type=click.Choice(["json", "yaml"]), help="Form of the output.")
@click.option("--no-headers", is_flag=True, help="Without the heading line.")
@click.option("--tail", "limit", type=click.IntRange(min=1), default=200, show_default=True, help="How many, at most.")
@common_options(remote=True)
@pass_settings
def events(
    settings: CliSettings,
    what: tuple[str, ...],
    subject: str | None,
    watch: bool,
    all_namespaces: bool,
    output: str | None,
    no_headers: bool,
    limit: int,
) -> None:
    """List events, oldest first; of one machine when it is named."""
    words = (subject,) if subject else what
    references = parse_references(words, default_kind="vm") if words else []
    if len(references) > 1:
        raise CliError("name one resource, not several", "such as: vm/web; without a name they are of all")
    key = references[0].key(settings.namespace) if references and references[0].name else None
    run(
        list_events(
            settings,
            key=key,
            all_namespaces=all_namespaces,
            form=output,
            watch=watch,
            headers=not no_headers,
            limit=limit,
        )
    )
