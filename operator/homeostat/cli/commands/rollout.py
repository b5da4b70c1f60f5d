"""``homeostat rollout status|history|undo|pause|resume|restart`` and ``homeostat scale``: deployments, in kubectl's words.

Each change edits the spec of the deployment in the YAML folder, and the operator carries it out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.planner.deployment.revision import fingerprint
from homeostat.runtime.deployment.ownership import owned_by
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine.effective import Effective

from ..access import State, changing, opened, operator_carries_out, operator_runs, run, seen_now
from ..errors import CliError
from ..references import complete_deployment, full_name, need_kind, not_found, parse_references, short_name
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..show.rollout_state import history_rows, revision_to_undo_to, rollout_progress
from ..show.staleness import note_operator
from ..terminal import columns, emit, say
from ..times import parse_duration

Spec = dict[str, Any]
SpecEdit = Callable[[VirtualMachineDeployment], Spec]
SpecCheck = Callable[["State", VirtualMachineDeployment, Spec], Awaitable[None]]

_names = click.argument("names", nargs=-1, required=True, metavar="vmd/NAME...", shell_complete=complete_deployment)
_name = click.argument("name", nargs=-1, required=True, metavar="vmd/NAME", shell_complete=complete_deployment)


@click.command()
@_names
@click.option("--replicas", required=True, type=int, metavar="N", help="How many machines there should be.")
@click.option("--current-replicas", type=int, metavar="N", help="Only if spec.replicas is this now.")
@common_options(remote=True)
@pass_settings
def scale(settings: CliSettings, names: tuple[str, ...], replicas: int, current_replicas: int | None) -> None:
    """Set how many machines deployments have (spec.replicas)."""

    def edit(deployment: VirtualMachineDeployment) -> Spec:
        now = deployment.spec.replicas
        if current_replicas is not None and now != current_replicas:
            raise CliError(f"{short_name(deployment.key)} has replicas: {now}, not {current_replicas}", "nothing was changed")
        return {"replicas": replicas}  # also where that number is in force: its document may say another one, which is not

    _edit(settings, names, edit, f"scaled to {replicas}", _can_be_so_many)


async def _can_be_so_many(store: State, deployment: VirtualMachineDeployment, spec: Spec) -> None:
    """Checks that there may be as many machines.

    Raises:
        CliError: there can be only one machine of its template.
    """
    wanted = deployment.model_copy(update={"spec": deployment.spec.model_copy(update=spec)})
    if why := await Effective(store).too_many(deployment, wanted):
        raise CliError(f"{short_name(deployment.key)}: {why}", "nothing was changed")


@click.group()
def rollout() -> None:
    """Follow, undo, pause and restart the rollouts of deployments."""


@rollout.command()
@_name
@click.option("-w", "--watch/--no-watch", default=True, show_default=True, help="Follow it until it is complete.")
@click.option("--timeout", default="0", metavar="TIME", help="Exit 1 after this long, such as 5m. Default: no limit.")
@common_options(remote=True)
@pass_settings
def status(settings: CliSettings, name: tuple[str, ...], watch: bool, timeout: str) -> None:
    """Follow a rollout until it is complete; exit 1 when it failed: deadline missed, rolled back, stalled."""
    run(_status(settings, name, watch, parse_duration(timeout)))


async def _status(settings: CliSettings, names: Sequence[str], watch: bool, timeout: float) -> None:
    async with opened(settings) as store:
        deployment = await _one(store, settings, names)
        said = ""

        async def read() -> tuple[VirtualMachineDeployment | None, bool]:
            found = await store.get(VirtualMachineDeployment, deployment.key)
            return found, seen_now(settings)(deployment.key)

        try:
            async with asyncio.timeout(timeout if timeout > 0 else None):
                async for found, of_now in changing(read):
                    if found is None:
                        raise not_found(deployment.key)
                    if watch and not of_now:
                        continue  # the operator has just begun, and this is what the last one saw
                    progress = rollout_progress(found)
                    if progress.failure:
                        mend = f"`homeostat describe {short_name(found.key)}` says more, `homeostat rollout undo` goes back"
                        raise CliError(progress.failure, mend)
                    if progress.text != said:
                        said = progress.text
                        say(said)
                        if not operator_runs(settings):
                            note_operator(settings)
                    if progress.done or not watch:
                        return
        except TimeoutError:
            raise CliError(f"timed out: {said}", f"`homeostat describe {short_name(deployment.key)}` says more") from None


@rollout.command()
@_name
@click.option("--revision", type=int, metavar="N", help="Print this revision's template.")
@common_options(remote=True)
@pass_settings
def history(settings: CliSettings, name: tuple[str, ...], revision: int | None) -> None:
    """List the templates a deployment had, and what changed from one to the next."""
    run(_history(settings, name, revision))


async def _history(settings: CliSettings, names: Sequence[str], number: int | None) -> None:
    async with opened(settings) as store:
        deployment = await _one(store, settings, names)
        revisions = await revisions_of(store, deployment)
    if number is not None:
        chosen = revision_to_undo_to(deployment, revisions, number).spec
        emit(to_yaml(chosen.template.dump()))
        if chosen.failed:
            say(f"# given up: {chosen.failed}")
    elif not revisions:
        say(f"No revisions of {short_name(deployment.key)} yet.", err=True)
    else:
        for line in columns(("REVISION", "STATE", "AGE", "CHANGES"), history_rows(deployment, revisions)):
            say(line)


@rollout.command()
@_name
@click.option("--to-revision", type=int, metavar="N", help="Default: the one before the current one.")
@common_options(remote=True)
@pass_settings
def undo(settings: CliSettings, name: tuple[str, ...], to_revision: int | None) -> None:
    """Go back to an earlier template, by spec.rollbackTo. It holds until that is removed.

    --to-revision with the revision of the template that is written in the YAML removes it again.
    """
    run(_undo(settings, name, to_revision or None))  # for kubectl, 0 means the one before


async def _undo(settings: CliSettings, names: Sequence[str], number: int | None) -> None:
    async with opened(settings) as store:
        deployment = await _one(store, settings, names)
        revisions = await revisions_of(store, deployment)
        chosen, name = revision_to_undo_to(deployment, revisions, number).spec, full_name(deployment.key)
        wanted = None if chosen.fingerprint == await _own_fingerprint(store, deployment) else chosen.revision
        if wanted == deployment.spec.rollback_to:
            if chosen.failed:
                raise CliError(chosen.failed, "change the template, or try it again with `homeostat rollout restart`")
            say(f"{name} unchanged (it follows revision {chosen.revision} already)")
            return
        await store.patch(deployment.key, {"spec": {"rollbackTo": wanted}})
    if wanted is None:
        say(f"{name} rolled back (revision {chosen.revision} is the YAML's own template: spec.rollbackTo removed)")
        return
    say(f"{name} rolled back (spec.rollbackTo: {wanted})")
    say("note: the template in the YAML waits until rollbackTo is removed", err=True)
    operator_carries_out(settings)


@rollout.command()
@_names
@common_options(remote=True)
@pass_settings
def pause(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Let changes of the template wait (spec.paused); scaling and healing go on."""
    _edit(settings, names, lambda d: {} if d.spec.paused else {"paused": True}, "paused")


@rollout.command()
@_names
@common_options(remote=True)
@pass_settings
def resume(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Carry out the changes that waited."""
    _edit(settings, names, lambda d: {"paused": None} if d.spec.paused else {}, "resumed")


@rollout.command()
@_names
@common_options(remote=True)
@pass_settings
def restart(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Replace every machine, as a rollout (spec.restartedAt)."""

    def edit(deployment: VirtualMachineDeployment) -> Spec:
        name = short_name(deployment.key)
        if deployment.spec.paused:
            raise CliError(f"{name} is paused: a restart would wait", f"`homeostat rollout resume {name}` first")
        if held := deployment.spec.rollback_to:
            raise CliError(f"{name} is held at revision {held} by spec.rollbackTo", "remove that from its YAML first")
        return {"restartedAt": timestamp()}

    _edit(settings, names, edit, "restarted")


def _edit(settings: CliSettings, names: Sequence[str], edit: SpecEdit, said: str, check: SpecCheck | None = None) -> None:
    run(_edit_all(settings, names, edit, said, check))
    operator_carries_out(settings)


async def _edit_all(settings: CliSettings, names: Sequence[str], edit: SpecEdit, said: str, check: SpecCheck | None) -> None:
    async with opened(settings) as store:
        deployments = await _named(store, settings, names)
        edits = [(deployment, edit(deployment)) for deployment in deployments]  # all must be possible first
        if check is not None:
            for deployment, spec in edits:
                await check(store, deployment, spec)
        for deployment, spec in edits:
            if spec:
                await store.patch(deployment.key, {"spec": spec})
            before = deployment.spec.dump(defaults=True)
            same = all(before.get(field) == value for field, value in spec.items())
            say(f"{full_name(deployment.key)} {'unchanged (it is so already)' if same else said}")


async def _named(store: State, settings: CliSettings, names: Sequence[str]) -> list[VirtualMachineDeployment]:
    references = parse_references(names, default_kind="vmd")
    need_kind(references, VirtualMachineDeployment, "such as: vmd/web; machines have `homeostat start|stop|restart`")
    found = []
    for reference in references:
        if reference.name is None:
            raise CliError("which deployment? Name it", "such as: vmd/web")
        deployment = await store.get(VirtualMachineDeployment, reference.key(settings.namespace))
        if deployment is None:
            raise not_found(reference.key(settings.namespace))
        found.append(deployment)
    return found


async def _one(store: State, settings: CliSettings, names: Sequence[str]) -> VirtualMachineDeployment:
    found = await _named(store, settings, names)
    if len(found) != 1:
        raise CliError("name one deployment", "such as: vmd/web")
    return found[0]


async def revisions_of(store: State, deployment: VirtualMachineDeployment) -> list[MachineRevision]:
    """Returns the revisions, oldest first."""
    found = await store.list(MachineRevision, deployment.metadata.namespace)
    mine = [r for r in found if owned_by(r, deployment)]
    return sorted(mine, key=lambda r: r.spec.revision)


async def _own_fingerprint(store: State, deployment: VirtualMachineDeployment) -> str:
    """Returns the fingerprint of the template that the YAML holds now, with its plugin's part."""
    made, made_from, _ = await Effective(store).deployment(deployment)
    return fingerprint(made.spec.template, made_from, deployment.spec.restarted_at)
