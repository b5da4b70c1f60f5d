"""``homeostat get``: lists, as kubectl does."""

from __future__ import annotations

from collections.abc import Sequence

import click

from homeostat.models.base import Resource
from homeostat.runtime.machine.effective import Effective

from ..access import State, changing, opened, run
from ..references import Reference, complete_any, not_found, parse_references
from ..selector import parse_selector
from ..settings import CliSettings, common_options, pass_settings
from ..show.listing import list_errors, list_events
from ..show.output import print_resources
from ..show.staleness import note_operator, note_unseen
from ..show.tables import TABLES
from ..terminal import say
from .orphans import list_orphans

EVENTS, ERRORS, ORPHANS = ("events", "event", "ev"), ("errors", "error"), ("orphans", "orphan")
NAMELESS = (*EVENTS, *ERRORS)


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="KIND [NAME]... | KIND/NAME... | all", shell_complete=complete_any)
@click.option("-o", "--output", type=click.Choice(["wide", "yaml", "json", "name"]), help="Form of the output.")
@click.option("-w", "--watch", is_flag=True, help="Go on, and print what changes.")
@click.option("-l", "--selector", metavar="LABELS", help="Only what carries these labels, such as app=web,tier!=db.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Of every namespace.")
@click.option("--no-headers", is_flag=True, help="Without the heading line.")
@common_options(remote=True)
@pass_settings
def get(
    settings: CliSettings,
    what: tuple[str, ...],
    output: str | None,
    watch: bool,
    selector: str | None,
    all_namespaces: bool,
    no_headers: bool,
) -> None:
    """List resources ("get vms", "get vm web db", "get vmd/web", "get vmd,plugins", "get all"), or "get events", "get errors",
    "get orphans"."""
    _check_alone(what)
    if output == "name" and what[0] in NAMELESS:
        raise click.UsageError(f"{what[0]} have no names: -o yaml and -o json say which resource or file each is about")
    if what[0] in EVENTS:
        run(list_events(settings, all_namespaces=all_namespaces, form=output, watch=watch, headers=not no_headers))
    elif what[0] in ERRORS:
        run(list_errors(settings, form=output, headers=not no_headers))
    elif what[0] in ORPHANS:
        run(list_orphans(settings, what[1:], all_namespaces=all_namespaces, form=output, headers=not no_headers))
    else:
        references = parse_references(what)
        one, kinds = len(references) == 1, {reference.kind for reference in references}
        single = one and bool(references[0].name)
        show = _Shown(output, all_namespaces, not no_headers, single=single, prefixed=len(kinds) > 1)
        run(_get(settings, references, selector, watch, show))


def _check_alone(what: tuple[str, ...]) -> None:
    """Checks that what is no kind of resource stands alone.

    Raises:
        UsageError: it does not.
    """
    first = what[0].split(",")
    alone = next((word for word in first if word in (*NAMELESS, *ORPHANS)), None)
    if alone is not None and len(first) > 1:
        raise click.UsageError(f"{alone} is no kind of resource, and is listed alone: `homeostat get {alone}`")
    if alone in NAMELESS and len(what) > 1:
        raise click.UsageError(f"`get {alone}` takes no names: `homeostat describe` shows what there is of one resource")


class _Shown:
    """Prints a snapshot, and then what changed since the last one."""

    def __init__(self, form: str | None, all_namespaces: bool, headers: bool, *, single: bool, prefixed: bool) -> None:
        self.form, self.all_namespaces, self.headers, self.single = form, all_namespaces, headers, single
        self.prefixed = prefixed  # several kinds are shown, so each name has its kind
        self.last: dict[str, Resource] = {}

    def _shown_of(self, resource: Resource | None) -> object:
        """Returns what a reader of this form can see: a table shows no resourceVersion, and ages always change."""
        if self.table and resource is not None:
            return TABLES[type(resource)].told_apart(resource, self.form == "wide")
        return resource

    @property
    def table(self) -> bool:
        return self.form in (None, "wide")

    def print(self, resources: Sequence[Resource]) -> None:
        fresh = [r for r in resources if self._shown_of(self.last.get(str(r.key))) != self._shown_of(r)]
        gone = [r for key, r in self.last.items() if key not in {str(x.key) for x in resources}]
        self.last = {str(r.key): r for r in resources}
        if fresh or gone:
            print_resources(
                [*fresh, *gone], self.form,
                all_namespaces=self.all_namespaces, single=self.single, headers=self.headers, prefixed=self.prefixed,
            )  # fmt: skip
            self.headers = False


async def _get(settings: CliSettings, references: Sequence[Reference], selector: str | None, watch: bool, show: _Shown) -> None:
    selected = parse_selector(selector)
    namespace = None if show.all_namespaces else settings.namespace

    async with opened(settings) as store:

        async def read() -> list[Resource]:
            found: list[Resource] = []
            for reference in references:
                if reference.name is None:
                    found += await store.list(reference.kind, reference.namespace(namespace))
                    continue
                key = reference.key(settings.namespace)
                resource = await store.get(reference.kind, key)
                if resource is None:
                    raise not_found(key)
                found.append(resource)
            chosen = [r for r in found if selected(r.metadata.labels)]
            if show.form != "wide":
                return chosen
            effective = Effective(store, once=True)
            return [await effective.shown(r) for r in chosen]

        await _note_errors(store, show)
        if not watch:
            resources = await read()
            if not resources and show.table:
                where = f" in {namespace} namespace" if namespace else ""
                say(f"No resources found{where}.", err=True)
            else:
                if show.table:
                    note_operator(settings)
                    note_unseen(settings, resources)
                show.print(resources) if resources else _print_nothing(show)
            return
        if show.table:
            note_operator(settings)
        async for resources in changing(read):
            show.print(resources)


async def _note_errors(store: State, show: _Shown) -> None:
    """Notes beside a table that what is shown may differ from what the files say."""
    found = await store.errors()
    errors, held = (sum(error.severity == severity for error in found) for severity in ("Error", "Held"))
    if errors and show.table:
        what = "1 error" if errors == 1 else f"{errors} errors"
        say(f"note: {what} in the YAML, so the last good specs are in force: see `homeostat get errors`", err=True)
    if held and show.table:
        say("note: deletions wait for a confirmation: see `homeostat get errors`", err=True)


def _print_nothing(show: _Shown) -> None:
    print_resources([], show.form)
