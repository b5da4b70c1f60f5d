"""``homeostat apply --prune`` (also ``homeostat prune``): confirms deletions that the store holds.

The store holds a deletion where the resource may not be gone, and where so many vanished at once that it looks like an accident.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ..access import opened, run
from ..errors import CliError
from ..references import full_name
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import confirmed, say

if TYPE_CHECKING:
    from homeostat.store.files.passes.intake import PassReport


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common_options()
@pass_settings
def prune(settings: CliSettings, yes: bool) -> None:
    """Confirm the deletions that are held back, since they may not be meant; each is listed with the reason."""
    run(confirm_prune(settings, yes))


async def confirm_prune(settings: CliSettings, yes: bool, dry_run: bool = False) -> None:
    """Shows what would be deleted, asks, and lets it go.

    Raises:
        CliError: the answer was no, or only one namespace was meant.
    """
    async with opened(settings) as store:
        pending = (await store.compare()).held
        settings.require_every_namespace("prune")
        if not pending:
            say("No deletion waits for a confirmation.")
            return
        for key, reason in pending.items():
            where = f" (namespace {key.namespace})" if key.namespace != "default" else ""
            say(f"- {full_name(key)}{where}: {reason}")
        if dry_run:
            say(f"{len(pending)} would be deleted (dry run)")
            return
        if not yes and not await asyncio.to_thread(confirmed, f"Delete these {len(pending)}?"):
            raise CliError("nothing was deleted", "--yes does not ask; mend or put back the files, and nothing will be")
        report: PassReport = await store.confirm_prune(pending)
        changed = len(set(report.changed) & set(pending))
        said = f"{len(report.deleted)} deleted" + (f", {changed} changed" if changed else "")
        say(f"{said}; the operator takes them off the host")
