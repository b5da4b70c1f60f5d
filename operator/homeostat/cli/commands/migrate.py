"""``homeostat migrate``: moves this host's machines between a folder of YAML and a Kubernetes cluster, while they run."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..access import run
from ..cluster_options import cluster_options
from ..errors import CliError
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..several_hosts import whose
from ..terminal import confirmed, say

if TYPE_CHECKING:
    from homeostat.store.files.state import StateFolder
    from homeostat.store.kubernetes.access import Access
    from homeostat.store.migrate.cluster import ClusterSide
    from homeostat.store.migrate.folder import Folder
    from homeostat.store.migrate.steps import HandOver, Migration, Step


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. ``host``: the name of this host in the cluster. ``leases``: the namespace of the operators' leases."""

    folder: Path
    state: Path
    access: Access
    host: str
    leases: str
    dry_run: bool
    yes: bool


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=NamedPath(file_okay=False))
@click.option("--to-cluster", is_flag=True, help="What DIR declares becomes the cluster's.")
@click.option("--to-folder", is_flag=True, help="What the cluster has on this host becomes DIR's.")
@cluster_options
@click.option("--host", metavar="NAME", help="This host's name in the cluster. Default: this machine's name.")
@click.option(
    "--lease-namespace", metavar="NAME", default="homeostat-system", show_default=True, help="Where operators keep their leases."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common_options()
@pass_settings
def migrate(
    settings: CliSettings,
    folder: str | None,
    to_cluster: bool,
    to_folder: bool,
    kubeconfig: str | None,
    context: str | None,
    host: str | None,
    lease_namespace: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Move this host's machines from DIR to a Kubernetes cluster, or back. No guest is restarted.

    No operator may run meanwhile. Killed half-way it is run again, and goes on.
    """
    from homeostat.store.kubernetes.access import Access

    if to_cluster == to_folder:
        raise click.UsageError("say --to-cluster or --to-folder")
    if to_folder and folder is None and settings.asked_folder is None:
        raise click.UsageError("--to-folder needs DIR")
    access = Access(Path(kubeconfig) if kubeconfig else None, context)
    state = settings.state if to_cluster and folder else settings.existing_state()
    if hosts := settings.hosts:
        mend = (
            f"`homeostat down` (guests are shut down, disks stay), remove {settings.state}/hosts.json, `homeostat up` with the "
            "one host that all of them go to, stop that, and migrate then"
        )
        raise CliError(
            f"only what is on one libvirt can be migrated while it runs, and the machines of this state are on {whose(hosts)}",
            mend,
        )
    wanted = Wanted(settings.folder(folder), state, access, host or socket.gethostname().lower(), lease_namespace, dry_run, yes)
    run(_outward(wanted) if to_cluster else _inward(wanted))


async def _outward(wanted: Wanted) -> None:
    from homeostat.store.files.state import StateFolder, served_cluster
    from homeostat.store.migrate.cluster import ClusterSide
    from homeostat.store.migrate.folder import leave_folder, machines_with_files, read_folder
    from homeostat.store.migrate.outward import Here, plan_outward, plan_rest_outward

    room = StateFolder.open(wanted.state)
    with room.operator_lock():
        async with ClusterSide.opened(wanted.access) as side:
            cluster = served_cluster(await side.cluster.identity())
            begun = room.serves == cluster
            folder = [] if begun else read_folder(wanted.folder, room)
            here = Here(wanted.host, room.instance_id, machines_with_files(room))

            async def planned() -> Migration:
                await side.load()
                if begun:
                    return plan_rest_outward(side.rows, room.instance_id)
                return plan_outward(folder, side.rows, await side.namespaces(), here)

            words = f"{wanted.folder} → host {wanted.host} of {side.cluster.server}"
            if not await _done(wanted, room, side, words, planned, None, lambda _: leave_folder(room, cluster)):
                return
    say(f"Migrated. `homeostat operator --host {wanted.host}` on this state looks after it from now on.")


async def _inward(wanted: Wanted) -> None:
    from homeostat.driver.survey.scratch import scratch_folder
    from homeostat.store.files.state import StateFolder, served_folder
    from homeostat.store.migrate.cluster import ClusterSide
    from homeostat.store.migrate.folder import Folder, read_folder
    from homeostat.store.migrate.inward import plan_inward, plan_rest_inward

    room = StateFolder.open(wanted.state)
    with room.operator_lock(), scratch_folder("migrate") as scratch:
        async with ClusterSide.opened(wanted.access) as side:
            begun = room.serves == served_folder(wanted.folder)
            if not begun:
                room.claim_cluster(await side.cluster.identity())
            known = {r.key: r for r in read_folder(wanted.folder, room)} if begun else {}
            with closing(Folder(wanted.folder, scratch)) as folder:

                async def planned() -> Migration:
                    await side.load()
                    if begun:
                        return plan_rest_inward(side.resources, known, wanted.host)
                    return plan_inward(side.resources, folder.declared(), wanted.host, room.instance_id)

                words = f"host {wanted.host} of {side.cluster.server} → {wanted.folder}"
                done = await _done(wanted, room, side, words, planned, folder, lambda step: folder.take_over(room, step.index))
    if done:
        say(f"Migrated. `homeostat up {wanted.folder}` on this state looks after it from now on.")


async def _done(
    wanted: Wanted,
    room: StateFolder,
    side: ClusterSide,
    words: str,
    planned: Callable[[], Awaitable[Migration]],
    folder: Folder | None,
    hand_over: Callable[[HandOver], None],
) -> bool:
    """Shows the plan, asks, and carries it out. Returns False where it was a dry run."""
    from homeostat.store.migrate.cluster import HostLease
    from homeostat.store.migrate.steps import HoldResource

    lease = HostLease(wanted.leases, wanted.host, f"homeostat-migrate_{room.instance_id}")
    await side.refuse_if_served(lease)
    if not _agreed(await planned(), words, wanted):
        return False

    async def work(check: Callable[[], None]) -> None:
        async def take(step: Step) -> None:
            check()
            await _take(step, side, folder, hand_over)

        for step in (await planned()).steps:
            if isinstance(step, HoldResource):
                await take(step)
        plan = await planned()  # controllers may have changed something until just now
        _refuse(plan)
        for step in plan.steps:
            await take(step)

    await side.alone(lease, work)
    return True


async def _take(step: Step, side: ClusterSide, folder: Folder | None, hand_over: Callable[[HandOver], None]) -> None:
    from homeostat.driver import faults
    from homeostat.store.migrate.steps import HandOver, WriteDocument

    with faults.around(step):
        match step:
            case HandOver():
                await asyncio.to_thread(hand_over, step)
            case WriteDocument(resource):
                assert folder is not None
                await asyncio.to_thread(folder.write, resource)
            case _:
                await side.execute(step)


def _agreed(plan: Migration, words: str, wanted: Wanted) -> bool:
    """Shows what would be done, and asks. Returns False where it was a dry run.

    Raises:
        MigrationRefused: it cannot be done.
        CliError: the answer was no.
    """
    _refuse(plan)
    say(words)
    for line in _lines(plan):
        say(f"  {line}")
    if not plan.steps:
        say("  nothing is left to do")
    if wanted.dry_run:
        say("Nothing was changed (dry run).")
        return False
    if plan.steps and not wanted.yes and not confirmed("No guest is restarted. Migrate?"):
        raise CliError("nothing was changed", "--yes does not ask")
    return True


def _refuse(plan: Migration) -> None:
    from homeostat.store.migrate.steps import MigrationRefused

    if plan.refusals:
        raise MigrationRefused(plan.refusals)


def _lines(plan: Migration) -> Iterator[str]:
    from homeostat.store.migrate import steps

    for step in plan.steps:
        match step:
            case steps.MakeNamespace(name):
                yield f"+ namespace {name}"
            case steps.PutResource(resource) | steps.WriteDocument(resource):
                yield f"+ {resource.key}"
            case steps.ReleaseObject(key):
                yield f"- {key} leaves the cluster; what runs stays"
            case steps.HandOver():
                yield "= the state is handed over: domains, disks and images stay where they are"
            case steps.LetGoResource(key):
                yield f"= {key} is looked after again"
            case steps.HoldResource():
                continue
    yield from (f"  {note}" for note in plan.notes)
