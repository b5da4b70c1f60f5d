"""``homeostat wait``: waits as kubectl does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from homeostat.models.base import Key, Resource
from homeostat.models.condition import find_condition

from ..access import State, changing, opened, operator_runs, run, seen_now
from ..errors import CliError
from ..references import complete_any, every_of, full_name, not_found, parse_references, plural_of
from ..settings import CliSettings, common_options, pass_settings
from ..show.staleness import note_operator
from ..show.status_words import status_of
from ..terminal import say
from ..times import parse_duration

_A_WEEK = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for. ``met`` is asked for each resource; None stands for one that has gone."""

    met: Callable[[Resource | None], bool]
    said: str  # follows the resource's name, once the goal is met
    wants_gone: bool = False


def parse_goal(text: str) -> Goal:
    """Reads a goal from ``delete``, ``condition=Ready`` or ``condition=Ready=False``.

    Raises:
        CliError: it is none of these.
    """
    if text == "delete":
        return Goal(lambda resource: resource is None, "deleted", wants_gone=True)
    word, _, rest = text.partition("=")
    type, _, status = rest.partition("=")
    if word != "condition" or not type:
        forms = "write --for=condition=Ready, --for=condition=Ready=False or --for=delete"
        raise CliError(f'--for="{text}" is not understood', forms)
    return Goal(lambda resource: _holds(resource, type, status or "True"), "condition met")


def _holds(resource: Resource | None, type: str, status: str) -> bool:
    """Tells whether a condition holds. As in kubectl, one of an older generation says nothing about the present spec."""
    if resource is None or resource.status is None:
        return False
    seen = status_of(resource)
    condition = next((c for c in seen.conditions if c.type.lower() == type.lower()), None)
    if condition is None:
        # Reconciling, Stalled and others like them exist only while they are true.
        return status.lower() == "false" and seen.observed_generation >= resource.metadata.generation
    return condition.status.lower() == status.lower() and condition.observed_generation >= resource.metadata.generation


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="KIND/NAME... | KIND NAME...", shell_complete=complete_any)
@click.option("--for", "goal", required=True, metavar="GOAL", help="condition=Ready, condition=Ready=False, or delete.")
@click.option("--timeout", default="30s", show_default=True, metavar="TIME", help="0: look once. Negative: a week.")
@click.option("--all", "every", is_flag=True, help="Every resource of the kinds.")
@click.option("-l", "--selector", metavar="LABELS", help="Those of the kinds that carry these labels.")
@common_options(remote=True)
@pass_settings
def wait(settings: CliSettings, what: tuple[str, ...], goal: str, timeout: str, every: bool, selector: str | None) -> None:
    """Wait until resources meet a condition or are gone; exit 1 when they do not in time."""
    seconds = parse_duration(timeout)
    run(_wait(settings, what, parse_goal(goal), seconds if seconds >= 0 else _A_WEEK, every or bool(selector), selector))


async def _wait(
    settings: CliSettings, what: Sequence[str], goal: Goal, timeout: float, several: bool, selector: str | None
) -> None:
    async with opened(settings) as store:
        keys = await _keys(store, settings, what, several, selector)
        left = dict.fromkeys(keys)
        if not goal.wants_gone:
            for key in keys:
                if await store.get(Resource, key) is None:
                    raise not_found(key)

        if not goal.wants_gone and not operator_runs(settings):
            note_operator(settings)  # without an operator, what is shown is as of the last look

        async def read() -> dict[Key, tuple[Resource | None, bool]]:
            found = {key: await store.get(Resource, key) for key in left}
            if goal.wants_gone:
                return {key: (resource, True) for key, resource in found.items()}
            of_now = seen_now(settings)
            return {key: (resource, of_now(key)) for key, resource in found.items()}

        try:
            async with asyncio.timeout(max(timeout, 0.001)):
                async for found in changing(read):
                    for key, (resource, of_now) in found.items():
                        if of_now and goal.met(resource):
                            say(f"{full_name(key)} {goal.said}")
                            del left[key]
                        elif resource is None:
                            raise not_found(key)
                    if not left:
                        return
        except TimeoutError:
            raise _timed_out([await store.get(Resource, key) for key in left], list(left)) from None


async def _keys(store: State, settings: CliSettings, what: Sequence[str], several: bool, selector: str | None) -> list[Key]:
    references = parse_references(what)
    if not several:
        if any(reference.name is None for reference in references):
            raise CliError("which ones? Name them, or give --all or a selector with -l")
        return [reference.key(settings.namespace) for reference in references]
    keys = [one.key for one in await every_of(store, references, settings.namespace, selector)]
    if not keys:
        raise CliError("no matching resources found")
    return keys


def _timed_out(resources: Sequence[Resource | None], keys: Sequence[Key]) -> CliError:
    first, *others = [f"timed out waiting for the condition on {plural_of(key)}/{key.name}" for key in keys]
    reasons = [
        f"{r.metadata.name}: {ready.reason}: {ready.message}"
        for r in resources
        if r is not None and (ready := find_condition(status_of(r).conditions, "Ready")) and ready.status != "True"
    ]
    return CliError([first, *(f"error: {other}" for other in others)], reasons)
