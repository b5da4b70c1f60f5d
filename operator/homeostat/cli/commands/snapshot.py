"""``homeostat snapshot create|list|restore|delete``: each one edits resources, and the operator carries that out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from homeostat.models.base import Key
from homeostat.models.condition import READY, STALLED, find_condition, holds
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Quiesce, Snapshot
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine import commands

from ..access import State, changing, opened, operator_carries_out, read_all, run
from ..errors import CliError
from ..references import complete_machine, complete_snapshot, full_name, need_kind, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.status_words import status_of
from ..show.tables import table_lines
from ..terminal import confirmed, emit, say
from ..times import parse_duration
from .delete import delete as delete_any

R = TypeVar("R", Snapshot, VirtualMachine)

_wait = click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is done, if an operator runs.")
_timeout = click.option("--timeout", default="5m", show_default=True, metavar="TIME", help="How long to wait.")


@click.group()
def snapshot() -> None:
    """Take snapshots of machines, list them, go back to one, and delete them."""


@snapshot.command()
@click.argument("machine", metavar="MACHINE | vm/MACHINE", shell_complete=complete_machine)
@click.argument("name", required=False)
@click.option("--memory", is_flag=True, help="The memory of the running machine, too.")
@click.option("--quiesce", type=click.Choice([word.value for word in Quiesce]), help="By the guest agent. Default: IfAvailable.")
@_wait
@_timeout
@common_options(remote=True)
@pass_settings
def create(
    settings: CliSettings, machine: str, name: str | None, memory: bool, quiesce: str | None, wait: bool, timeout: str
) -> None:
    """Take a snapshot of a machine. Default of NAME: the machine's name and the time."""
    run(_create(settings, machine, name, memory, quiesce, parse_duration(timeout) if wait else None))


@snapshot.command("list")
@click.argument("machine", required=False, metavar="[MACHINE]", shell_complete=complete_machine)
@click.option("-A", "--all-namespaces", is_flag=True, help="Those of every namespace.")
@common_options(remote=True)
@pass_settings
def list_snapshots(settings: CliSettings, machine: str | None, all_namespaces: bool) -> None:
    """Show the snapshots, or those of one machine. `homeostat get snapshots` has other forms of output."""
    namespace = None if all_namespaces else settings.namespace
    of = _machine_key(settings, machine).name if machine else None
    found = [one for one in read_all(settings, Snapshot, namespace) if of in (None, one.spec.machine_ref.name)]
    if not found:
        say(f"No snapshots{f' of machine {of}' if of else ''} found.", err=True)
        return
    emit("\n".join(table_lines(found, wide=True, all_namespaces=all_namespaces)))


@snapshot.command()
@click.argument("name", metavar="NAME", shell_complete=complete_snapshot)
@click.option("--token", metavar="TEXT", help="Names this restore. Default: the time.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_wait
@_timeout
@common_options(remote=True)
@pass_settings
def restore(settings: CliSettings, name: str, token: str | None, yes: bool, wait: bool, timeout: str) -> None:
    """Bring the machine of a snapshot back to it. What was written since is lost, unless another snapshot has it."""
    run(_restore(settings, name, token or timestamp(), yes, parse_duration(timeout) if wait else None))


@snapshot.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_snapshot)
@_wait
@common_options(remote=True)
@click.pass_context
def delete(context: click.Context, names: tuple[str, ...], wait: bool) -> None:
    """Delete snapshots, with their data."""
    context.invoke(delete_any, what=("snapshot", *names), wait=wait)


async def _create(
    settings: CliSettings, machine: str, name: str | None, memory: bool, quiesce: str | None, wait: float | None
) -> None:
    of = _machine_key(settings, machine)
    key = Key(Snapshot.KIND, of.namespace, name or f"{of.name[:45]}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    spec = {"machineRef": {"name": of.name}, **({"memory": True} if memory else {}), **({"quiesce": quiesce} if quiesce else {})}
    metadata = {"name": key.name, **({"namespace": key.namespace} if key.namespace != "default" else {})}
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": Snapshot.KIND, "metadata": metadata, "spec": spec}
    async with opened(settings) as store:
        if await store.get(VirtualMachine, of) is None:
            raise not_found(of)
        await store.create(Snapshot.KIND, document)
        say(f"{full_name(key)} created")
        if wait is None or not operator_carries_out(settings):
            return
        taken = await _until(store, Snapshot, key, wait, _is_taken, f"{full_name(key)} to be taken")
        said = taken.status
        assert said is not None
        say(f"{full_name(key)} taken ({said.consistency})")


async def _restore(settings: CliSettings, name: str, token: str, yes: bool, wait: float | None) -> None:
    (reference,) = parse_references([name], default_kind="snapshot")
    need_kind([reference], Snapshot, "name a snapshot, as `homeostat snapshot list` shows them")
    key = reference.key(settings.namespace)
    async with opened(settings) as store:
        found = await store.get(Snapshot, key)
        if found is None:
            raise not_found(key)
        of = Key(VirtualMachine.KIND, key.namespace, found.spec.machine_ref.name)
        machine = await store.get(VirtualMachine, of)
        if machine is None:
            raise not_found(of)
        if not _is_taken(found):
            raise CliError(f"{full_name(key)} is not ready to go back to: {_why(found)}", "nothing was changed")
        if not yes and not confirmed(f"Bring {of.name} back to {key.name}? What its disks got since is lost"):
            raise CliError("nothing was changed", "--yes does not ask")
        await store.patch(of, commands.restore(found.metadata.name, token))
        say(f"{full_name(of)} patched (restoreFrom: {key.name}, token {token})")
        if wait is None or not operator_carries_out(settings):
            return

        def restored(now: VirtualMachine) -> bool:
            return now.status is not None and now.status.restored == token

        await _until(store, VirtualMachine, of, wait, restored, f"{full_name(of)} to be restored")
        say(f"{full_name(of)} restored")


def _machine_key(settings: CliSettings, word: str) -> Key:
    references = parse_references([word], default_kind="vm")
    need_kind(references, VirtualMachine, "snapshots are of machines")
    return references[0].key(settings.namespace)


def _is_taken(found: Snapshot) -> bool:
    return holds(found.status, READY)


def _why(resource: Snapshot | VirtualMachine) -> str:
    ready = find_condition(status_of(resource).conditions, READY)
    return ready.message or ready.reason if ready is not None else "the operator has not looked at it yet"


async def _until(store: State, kind: type[R], key: Key, seconds: float, met: Callable[[R], bool], what: str) -> R:
    """Waits until a resource is as it is to be.

    Raises:
        CliError: it goes, it is stalled, or the time is over.
    """
    found: R | None = None
    try:
        async with asyncio.timeout(seconds if seconds > 0 else None):
            async for found in changing(lambda: store.get(kind, key)):
                if found is None:
                    raise not_found(key)
                if met(found):
                    return found
                stalled = find_condition(status_of(found).conditions, STALLED)
                if stalled is not None and stalled.observed_generation >= found.metadata.generation:
                    raise CliError(f"{full_name(key)} is stalled: {stalled.reason}", stalled.message)
    except TimeoutError:
        raise CliError(f"timed out waiting for {what}", _why(found) if found else "") from None
    raise AssertionError("changing() never ends")
