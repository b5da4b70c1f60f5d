"""``homeostat delete``: removes resources from the YAML folder. The operator then removes them from the host."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click

from homeostat.models.base import Key, Resource

from ..access import State, changing, opened, operator_carries_out, run
from ..errors import CliError
from ..given import read_given
from ..namespaces import in_namespace
from ..paths import NamedPath
from ..references import complete_any, every_of, full_name, not_found, parse_references, short_name
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say
from ..times import parse_duration
from .orphans import delete_orphans


@click.command()
@click.argument("what", nargs=-1, metavar="KIND NAME... | KIND/NAME...", shell_complete=complete_any)
@click.option(
    "-f", "--filename", "names", multiple=True, type=NamedPath(allow_dash=True), metavar="FILE", help="What these files declare."
)
@click.option("-l", "--selector", metavar="LABELS", help="Those of the kinds that carry these labels.")
@click.option("--all", "every", is_flag=True, help="All of the kinds in the namespace.")
@click.option("--force", is_flag=True, help="Cut the power, instead of asking guests to shut down.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until they are gone, if an operator runs.")
@click.option("--timeout", default="0", metavar="TIME", help="How long to wait, such as 5m. Default: as long as it takes.")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is no error.")
@click.option("--keep-disks", is_flag=True, help="Of orphans: their disks stay where they are.")
@click.option("-y", "--yes", is_flag=True, help="Of orphans: do not ask.")
@common_options(remote=True)
@pass_settings
def delete(
    settings: CliSettings,
    what: tuple[str, ...],
    names: tuple[str, ...],
    selector: str | None,
    every: bool,
    force: bool,
    wait: bool,
    timeout: str,
    ignore_not_found: bool,
    keep_disks: bool,
    yes: bool,
) -> None:
    """Remove resources from the folder. Their disks follow reclaimPolicy. "delete orphan NAME" takes an orphan off the host."""
    if bool(what) == bool(names):
        raise click.UsageError("name resources, or files with -f (one of both)")
    if names and (selector or every):
        raise click.UsageError("--all and -l go with kinds, not with -f")
    if what and what[0] in ("orphan", "orphans"):
        if len(what) == 1:
            raise click.UsageError("name the orphans, such as: orphan web")
        keys = run(delete_orphans(settings, what[1:], keep_disks=keep_disks, yes=yes))
    else:
        keys = run(_delete(settings, what, names, selector, every, force, ignore_not_found))
    if not keys:
        return
    if operator_carries_out(settings, "take them off the host") and wait:
        run(_await_gone(settings, keys, timeout))


async def _delete(
    settings: CliSettings,
    what: Sequence[str],
    names: Sequence[str],
    selector: str | None,
    every: bool,
    force: bool,
    ignore_not_found: bool,
) -> list[Key]:
    async with opened(settings) as store:
        wanted = _from_files(store, settings, names) if names else await _from_words(store, settings, what, selector, every)
        keys = []
        for key in wanted:  # all must exist before the first one is deleted
            if await store.get(Resource, key) is not None:
                keys.append(key)
            elif not ignore_not_found:
                raise not_found(key)
        for key in keys:
            await store.delete(key, force=force)
            say(f"{full_name(key)} {'force deleted' if force else 'deleted'}")
        return keys


def _from_files(store: State, settings: CliSettings, names: Sequence[str]) -> list[Key]:
    return [given.resource.key for given in in_namespace(settings, read_given(names), store.folder)]


async def _from_words(store: State, settings: CliSettings, what: Sequence[str], selector: str | None, every: bool) -> list[Key]:
    if what[0].lower() == "all":
        raise CliError("all kinds? That would be Disks and Images, too", "name the kinds, such as: vm,vmd --all")
    references = parse_references(what)
    if every or selector:
        found = await every_of(store, references, settings.namespace, selector)
        keys = [one.key for one in found if not one.deleting]
        if not keys:
            say("No resources found", err=True)
        return keys
    if any(reference.name is None for reference in references):
        raise CliError("which ones? Name them, or give --all or a selector with -l", "nothing was deleted")
    return [reference.key(settings.namespace) for reference in references]


async def _await_gone(settings: CliSettings, keys: Sequence[Key], timeout: str) -> None:
    seconds = parse_duration(timeout)
    try:
        async with opened(settings) as store, asyncio.timeout(seconds if seconds > 0 else None):
            left = list(keys)

            async def remaining() -> list[Key]:
                """Returns the keys that are left. A replica comes back under its name, so one that is not being deleted is a new
                one."""
                return [key for key in keys if (found := await store.get(Resource, key)) is not None and found.deleting]

            said = False
            async for left in changing(remaining):
                if not left:
                    return
                if not said:
                    say(
                        f"waiting for {', '.join(map(short_name, left[:3]))} to go (Ctrl-C leaves that to the operator)", err=True
                    )
                    said = True
    except TimeoutError:
        raise CliError(
            f"timed out waiting for {', '.join(map(str, left))} to go", "`homeostat describe` says what they wait for"
        ) from None
