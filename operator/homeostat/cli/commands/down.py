"""``homeostat down``: removes every machine and network of a folder from the host. The YAML stays as it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.planner.files.trash import scarcity

from ..access import operator_runs, read_all, run
from ..durations import trash_keep_option
from ..ending import end_by_signals
from ..errors import CliError
from ..paths import NamedPath
from ..references import short_name
from ..settings import CliSettings, common_options, pass_settings
from ..several_hosts import chosen_hosts, whose
from ..show.live.moments import Moments
from ..show.live.up_view import PlainView, View
from ..show.plans.render_facts import disk_fates
from ..terminal import confirmed, say
from ..times import parse_duration

if TYPE_CHECKING:
    from homeostat.assembly.several import Several
    from homeostat.assembly.standalone import Standalone
    from homeostat.planner.files.trash import TrashEntry
    from homeostat.runtime.hypervisor import HostDriver
    from homeostat.store.files.store import FilesStore


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=NamedPath(file_okay=False))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", default="0", metavar="TIME", help="Exit 1 after this long, such as 5m. Default: no limit.")
@trash_keep_option
@common_options()
@pass_settings
def down(settings: CliSettings, folder: str | None, yes: bool, timeout: str, trash_keep: float) -> None:
    """Shut down and remove every machine of DIR from libvirt, then the networks; disks follow reclaimPolicy, the YAML stays."""
    settings.require_every_namespace("down")
    settings.existing_state()
    directory, _ = settings.folder(folder), chosen_hosts(settings, (), ())
    if operator_runs(settings):
        raise CliError("an operator is running on this state, and would start the machines again", "stop `homeostat up` first")
    _require_no_other(settings)
    _require_its_folder(settings, directory)
    machines = read_all(settings, VirtualMachine, None)
    networks = [network for network in read_all(settings, Network, None) if not network.spec.adopt]
    if not machines and not networks:
        say("No machines and no networks: there is nothing to remove.")
        return
    if not yes:
        say(*announcement(machines, trash_keep, networks))
        where = whose(settings.hosts) if settings.hosts else settings.uri
        more = f" and {len(networks)} network{'' if len(networks) == 1 else 's'}" if networks else ""
        if not confirmed(f"Remove {_count(len(machines))}{more} from {where}?"):
            raise CliError("nothing was removed", "--yes does not ask")
    run(_down(directory, settings, parse_duration(timeout), trash_keep))


def _require_no_other(settings: CliSettings) -> None:
    """Requires that no operator of our identity runs over another state folder, as beside a copy of one.

    Raises:
        CliError: one does, and we would never act.
    """
    from homeostat.runtime.machine.identity_lock import holder_of
    from homeostat.store.files.state import StateFolder

    if (other := holder_of(str(StateFolder(settings.state).instance_id))) is not None:
        words = f"another operator with the identity of this state ({other}) runs, and would start the machines again"
        raise CliError(f"nothing was removed: {words}", "stop it first, or take its machines down by its own state folder")


def _require_its_folder(settings: CliSettings, folder: Path) -> None:
    """Requires that the state folder serves this folder, before anybody is asked about machines that are declared elsewhere.

    Raises:
        NoFolder: it is not there.
        StateError: the state folder serves another one.
    """
    from homeostat.assembly.standalone import require_folder
    from homeostat.store.files.state import StateFolder

    require_folder(folder)
    StateFolder(settings.state).claim(folder)


def announcement(machines: Sequence[VirtualMachine], trash_keep: float, networks: Sequence[Network] = ()) -> list[str]:
    """Returns what will be removed, disk by disk."""
    word = "sets aside" if trash_keep > 0 else "erases"
    lines = []
    for machine in machines:
        kept, lost = disk_fates(machine)
        fates = [f"{word} {', '.join(lost)}" if lost else "", f"keeps {', '.join(kept)}" if kept else ""]
        disks = "; ".join(filter(None, fates)) or "has no disks"
        lines.append(f"- {machine.metadata.namespace}/{machine.metadata.name}: {disks}")
    return [*lines, *(f"- network {one.metadata.namespace}/{one.metadata.name}" for one in networks)]


def _count(number: int) -> str:
    return f"{number} machine{'' if number == 1 else 's'}"


async def _down(folder: Path, settings: CliSettings, timeout: float, trash_keep: float) -> None:
    from homeostat.assembly.several import several_hosts
    from homeostat.assembly.standalone import standalone
    from homeostat.driver.storage.paths import TRASH

    stop, state, uri, hosts = asyncio.Event(), settings.state, settings.uri, settings.hosts
    end_by_signals(stop.set, stop)
    opening: AbstractAsyncContextManager[Standalone | Several] = (
        several_hosts(folder, state, hosts, teardown=True, trash_keep=trash_keep)
        if hosts
        else standalone(folder, state, uri, teardown=True, trash_keep=trash_keep)
    )
    async with opening as parts:
        if unreachable := parts.unreachable:
            raise CliError(f"nothing was removed: {unreachable}", "`homeostat doctor` says more")
        keeper = next(iter(parts.hosts.values()))  # of the trash: all hosts have one
        earlier = {entry.entry for entry in await keeper.trash()}
        with PlainView(f"removing the machines of {folder} from {whose(hosts) if hosts else uri}") as view:
            moments = Moments(parts.store)
            teardown = asyncio.ensure_future(parts.operator.run(stop))
            await _show_until(teardown, moments, view, timeout, stop)
            await teardown
            machines = await parts.store.list(VirtualMachine)
            left = _left(parts, machines)
            stay = {} if left or stop.is_set() else await take_down_networks(parts.store, parts.hosts.values())
            trash, low = await keeper.trash(), scarcity(await keeper.space())
            if not stop.is_set():
                await _forget_statuses(parts.store, await parts.store.list(VirtualMachineDeployment))
                await _give_up_places(parts, [machine for machine in machines if machine.key not in left])
    if stop.is_set():
        raise CliError(f"interrupted: {_count(len(left))} not removed yet", "run it again to go on")
    done = "Removed what could be" if left else "Removed"
    say(f"{done}. The YAML files are as they were; `homeostat up` would make the machines again.")
    for line in what_stays(trash, earlier, state / TRASH, low):
        say(line)
    if left:
        whys = [f"{short_name(key)}: {why}" for key, why in left.items()]
        raise CliError(
            [
                f"{_count(len(left))} stayed, with all networks, and nothing of {'it' if len(left) == 1 else 'them'} was removed",
                *whys,
            ]
        )
    if stay:
        raise CliError([f"{len(stay)} of the networks stayed", *(f"{short_name(key)}: {why}" for key, why in stay.items())])


async def take_down_networks(store: FilesStore, hosts: Iterable[HostDriver]) -> dict[Key, str]:
    """Takes the networks that Homeostat made off the hosts. Returns those that stayed, and why."""
    from homeostat.driver.errors import DriverError
    from homeostat.runtime.engine.dependencies import Dependencies
    from homeostat.runtime.network.reconcile import NetworkReconciler

    stay = {}
    for host in hosts:
        reconciler = NetworkReconciler(store, host, Dependencies(), str(store.state.instance_id))
        for network in await store.list(Network):
            try:
                why = await reconciler.take_down(network)
            except DriverError as error:
                why = str(error)
            if why:
                stay[network.key] = why
    return stay


def what_stays(trash: Sequence[TrashEntry], earlier: Collection[str], room: Path, low: str = "") -> list[str]:
    """Returns what is in the trash: what was just set aside, and what was there before. ``low``: see
    ``planner.files.trash.scarcity``."""
    new, old = [e for e in trash if e.entry not in earlier], [e for e in trash if e.entry in earlier]
    shown = "`homeostat trash list` shows them, `homeostat trash empty --all` erases them now."
    lines = []
    if new:
        until = max(entry.until for entry in new)
        lines.append(f"Their disks lie in {room} until {until} at the latest, where `up` finds them again: {shown}")
    if old:
        entries = "1 entry" if len(old) == 1 else f"{len(old)} entries"
        lines.append(f"What was deleted before stays in {room} ({entries}){'' if new else f': {shown}'}")
    if low and lines:
        lines.append(f"{low[0].upper()}{low[1:]}, once an operator runs.")
    return lines


async def _show_until(teardown: asyncio.Future[None], moments: Moments, view: View, timeout: float, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout if timeout > 0 else None
    while not teardown.done():
        if await moments.refresh():
            view.show(replace(moments.current, deployments=(), plugins=()))  # only machines are removed
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(teardown), 0.3)
        if deadline is not None and loop.time() > deadline and not teardown.done():
            stop.set()
            return


def _left(parts: Standalone | Several, machines: Sequence[VirtualMachine]) -> dict[Key, str]:
    """Returns the machines that were not removed, and why."""
    from homeostat.assembly.several import Several

    if isinstance(parts, Several):
        return {machine.key: why for machine in machines if (why := parts.operator.stays(machine))}
    return {m.key: "it is still there" for m in machines if m.status is not None and m.status.domain_uuid}


async def _give_up_places(parts: Standalone | Several, machines: Sequence[VirtualMachine]) -> None:
    """Gives up the places of machines that are on no host any more, and of Disks and snapshots that no domain has. The next `up`
    may place them elsewhere: all hosts open one state folder."""
    from homeostat.assembly.several import Several
    from homeostat.assembly.whereabouts import free_hosts

    if not isinstance(parts, Several):
        return
    for machine in machines:
        if machine.status is not None and not machine.status.domain_uuid and not machine.deleting:
            parts.store.displace(machine.key)
    for disk in parts.store.readable(Disk):
        if parts.operator.whereabouts.located_disk(disk) is None:
            parts.store.displace(disk.key)
            await parts.store.write_status(disk.key, disk.metadata.uid, DiskStatus())
    placed = parts.store.placed()
    for snapshot in parts.store.readable(Snapshot):
        if placed.get(Key(VirtualMachine.KIND, snapshot.metadata.namespace, snapshot.spec.machine_ref.name)) is None:
            parts.store.displace(snapshot.key)
    free_hosts(parts.store, parts.hosts)


async def _forget_statuses(store: FilesStore, deployments: Sequence[VirtualMachineDeployment]) -> None:
    """Clears the statuses of deployments: their machines have gone, and no operator runs that would write that."""
    for deployment in deployments:
        await store.write_status(deployment.key, deployment.metadata.uid, VirtualMachineDeploymentStatus())
