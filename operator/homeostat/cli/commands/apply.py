"""``homeostat apply``: writes resources into the YAML folder."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..access import State, opened, run
from ..errors import CliError
from ..given import Given, placed, read_given
from ..namespaces import in_namespace, inside
from ..paths import NamedPath
from ..references import full_name
from ..settings import CliSettings, common_options, pass_settings
from ..show.plans.doubting import doubts_about, print_warnings
from ..terminal import paint, say
from .prune import confirm_prune

MOST_FIELDS = 5  # fields that are named in one line
DRY_RUN = click.Choice(["none", "client", "server"])


@click.command()
@click.option(
    "-f", "--filename", "names", multiple=True, type=NamedPath(allow_dash=True), metavar="FILE", help="A file, a folder, or -."
)
@click.option("--dry-run", type=DRY_RUN, is_flag=False, flag_value="client", default="none", help="Say, and write nothing.")
@click.option("--prune", "pruning", is_flag=True, help="Confirm the deletions that are held back, instead of writing.")
@click.option("-y", "--yes", is_flag=True, help="With --prune: do not ask.")
@common_options(remote=True)
@pass_settings
def apply(settings: CliSettings, names: tuple[str, ...], dry_run: str, pruning: bool, yes: bool) -> None:
    """Write resources into the folder: new ones as files of their own, known ones edited in place.

    All documents are checked first; with one mistake nothing is written. What an earlier apply set and this one does not say
    is removed; what no apply ever set is left alone.
    """
    if bool(names) == pruning:
        raise click.UsageError("give -f FILE to write resources, or --prune to confirm deletions (one of both)")
    if pruning:
        run(confirm_prune(settings, yes, dry_run != "none"))
        return
    run(_apply(settings, read_given(names), dry_run != "none"))


async def _apply(settings: CliSettings, given: Sequence[Given], dry_run: bool) -> None:
    async with opened(settings, create=True) as store:
        given, about = in_namespace(settings, given, store.folder), settings.namespace
        if settings.remote is not None:
            from ..remote.plan import in_order, try_all
            from ..remote.state import RemoteState

            given = in_order(given)
            if isinstance(store, RemoteState) and not dry_run and len(given) > 1:
                await try_all(store, given)
        for one in given:
            try:
                await _apply_one(store, one, about, dry_run)
            except CliError as error:  # of a server, which knows of no files
                raise placed(one, error) from error


async def _apply_one(store: State, given: Given, about: str, dry_run: bool) -> None:
    key = given.resource.key
    name = full_name(key) + (f" (namespace {key.namespace})" if key.namespace not in ("default", about) else "")
    own = given.path is not None and store.folder is not None and inside(given.path, store.folder)
    if own and given.path and await store.get(type(given.resource), key) is None:
        say(f"{name} is in the folder already: the operator takes it up from {given.path.name}")
        return
    applied = await store.apply(given.resource, whole=own, dry=dry_run)
    say(f"{name} {applied.outcome}{' (dry run)' if dry_run else ''}")
    print_warnings(doubts_about(given.resource))
    if applied.left:
        say(paint(f"note: {name}: {_left(applied.left)}", "dim"), err=True)


def _left(fields: Sequence[str]) -> str:
    listed = ", ".join(fields[:MOST_FIELDS]) + (f" and {len(fields) - MOST_FIELDS} more" if len(fields) > MOST_FIELDS else "")
    return f"it was not made by `apply`, so what only it has is left alone: {listed}"
