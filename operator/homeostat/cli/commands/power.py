"""``homeostat start|stop|restart|suspend|resume``: each one edits the spec, and the operator carries that out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine import commands
from homeostat.runtime.machine.effective import Effective

from ..access import opened, operator_carries_out, run
from ..references import complete_machine, full_name, need_kind, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say

PowerEdit = Callable[[VirtualMachine, str], dict[str, Any]]

_names = click.argument("names", nargs=-1, required=True, metavar="NAME... | vm/NAME...", shell_complete=complete_machine)


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def start(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Start machines, also those whose strategy let them end."""
    _edit(settings, names, commands.start, "start")


@click.command()
@_names
@click.option("--force", is_flag=True, help="Cut the power, instead of asking the guest to shut down.")
@common_options(remote=True)
@pass_settings
def stop(settings: CliSettings, names: tuple[str, ...], force: bool) -> None:
    """Shut machines down, and keep them off."""
    _edit(settings, names, lambda machine, now: commands.stop(machine, force, now), "stop")


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def restart(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Shut machines down and boot them again; a halted machine is started."""
    _edit(settings, names, commands.restart, "restart")


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def suspend(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Leave machines alone: observe and report, change nothing."""
    _edit(settings, names, lambda machine, _now: commands.suspend(machine, True), "suspend")


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def resume(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Look after suspended machines again."""
    _edit(settings, names, lambda machine, _now: commands.suspend(machine, False), "resume")


def _edit(settings: CliSettings, names: Sequence[str], edit: PowerEdit, word: str) -> None:
    run(_edit_all(settings, names, edit, word))
    operator_carries_out(settings)


async def _edit_all(settings: CliSettings, names: Sequence[str], edit: PowerEdit, word: str) -> None:
    async with opened(settings) as store:
        effective = Effective(store, once=True)
        references = parse_references(names, default_kind="vm")
        need_kind(references, VirtualMachine, "deployments have `homeostat scale` and `homeostat rollout`")
        keys = [reference.key(settings.namespace) for reference in references]
        machines = []
        for key in keys:  # all must exist before the first one is changed
            machine = await store.get(VirtualMachine, key)
            if machine is None:
                raise not_found(key)
            machines.append((await effective.machine(machine))[0])
        for machine in machines:
            patch = edit(machine, timestamp())
            if not _changes_anything(machine, patch):
                say(f"{full_name(machine.key)} unchanged ({word}: it is so already)")
                continue
            await store.patch(machine.key, patch)
            said = ", ".join(f"{field}: {_shown(value)}" for field, value in patch["spec"].items())
            say(f"{full_name(machine.key)} patched ({word}: {said})")


def _changes_anything(machine: VirtualMachine, patch: dict[str, Any]) -> bool:
    """Tells whether a patch changes anything. A field that it removes counts only where the machine has it."""
    spec = machine.spec.dump(defaults=True)
    wanted = patch.get("spec", {}).items()
    return any(bool(spec.get(field)) if value is None else spec.get(field) != value for field, value in wanted)


def _shown(value: object) -> str:
    return "removed" if value is None else "true" if value is True else str(value)
