"""One reconcile of one machine, on one page: observe → plan → execute → write status once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from homeostat.driver import faults
from homeostat.driver.errors import DriverError, GuestHolds, NotAnswering, ResourceInUse
from homeostat.models.base import Key
from homeostat.models.condition import STALLED
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.domain import DomainConfig
from homeostat.planner.files.disk_file import disk_of_path
from homeostat.planner.files.trash import DELETED_BECAUSE, TAKEN_DOWN, scarcity
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.identity import domain_uuid, machine_directory
from homeostat.planner.machine.memory import healthy_in, keep_asking, note, note_refusal, recall, unasked
from homeostat.planner.machine.power.windows import next_window
from homeostat.planner.machine.storage.disk_source import FILE_POLL_SECONDS, OF_FILES
from homeostat.planner.machine.storage.storage import IMAGE_CHANGED
from homeostat.planner.network.plugged import networks_named
from homeostat.planner.observed import (
    DomainState,
    Observed,
    ObservedDomain,
    ProbedHealth,
    RememberedActs,
    same_run,
    surely_same_run,
)
from homeostat.planner.plan import Plan, Stalled, Waiting

from ..engine.clock import OwnClock, timestamp
from ..engine.dependencies import AnyOf, Dependencies
from ..engine.ports import Happening, ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import HostDriver
from ..metrics import Summary, summary
from .claims import Claims
from .domains import DomainOf
from .effective import Effective, image_keys, window_host
from .happenings import step_taken, transitions
from .images import ImageUse
from .named import KeptOff, kept_here, named_disks
from .observe import is_of, observe
from .probing import Prober
from .probing.guest import DomainGuest
from .restoring import with_restore
from .rivals import Rivals
from .status import Addresses, machine_status, unknown_status

log = logging.getLogger(__name__)

WALL_SECONDS = 3600.0  # seconds at the most until the next look at the wall clock: it may be set
SECRET_POLL_SECONDS = 10.0  # seconds between readings of a password file: no event says that it changed


Admits = Callable[[VirtualMachine, bool], Waiting | None]
"""Returns why a machine without a domain must not be made here. Its second argument tells whether it was made here once. None: it
may be made."""


RunsElsewhere = Callable[[VirtualMachine], Waiting | None]
"""Returns why a machine must not be started here, though its domain is here: another host runs it. It is asked at each look,
so it goes by what is in memory. None: no other host does, as far as is known."""


FOREIGN_DOMAINS = "foreign domains"
"""What a machine rests on where another domain has its name."""


class MachineReconciler:
    """Reconciles machines on one host. What it has in memory may be lost (see planner.observed.RememberedActs)."""

    def __init__(
        self,
        store: ResourceStore,
        host: HostDriver,
        prober: Prober,
        images: ImageUse,
        rivals: Rivals,
        clock: OwnClock,
        dependencies: Dependencies,
        teardown: bool = False,
        fence: Callable[[], None] = lambda: None,
        wake: Callable[[Key], None] = lambda key: None,
        admits: Admits = lambda machine, made_here: None,
        kept_off: KeptOff = kept_here,
        runs_elsewhere: RunsElsewhere = lambda machine: None,
    ) -> None:
        """Takes what it asks others. ``wake`` has a machine reconciled that may now have what another one had. ``admits`` and
        ``runs_elsewhere``: see Admits and RunsElsewhere."""
        self._store = store
        self._effective = Effective(store)
        self._host = host
        self._prober = prober
        self._images = images
        self._rivals = rivals
        self._clock = clock
        self._dependencies = dependencies
        self._teardown = teardown
        self._fence = fence
        self._memory: dict[Key, RememberedActs] = {}
        self._disks: dict[Key, set[Key]] = {}  # by machine, the Disks that its domain had at the last report
        self._recalled: set[Key] = set()  # the machines whose addresses from an earlier operator were read
        self._claims = self.claims = Claims(wake)
        self._wake = wake
        self._claiming = asyncio.Lock()
        self._admits = admits
        self._kept_off = kept_off
        self._runs_elsewhere = runs_elsewhere
        self._all_claimed = False  # whether the claims of every machine are known, since the host can be asked
        self.summaries: dict[Key, Summary] = {}  # of the statuses that were reported last
        self.known: set[Key] = set()  # machines that were observed after the whole host changed, as when it came back

    async def reconcile(self, machine: VirtualMachine) -> Next:
        """Takes the machine one plan further, and returns when to reconcile it again.

        Raises:
            DriverError: a step failed. The status says which one, and the caller retries with backoff.
        """
        key, original = machine.key, machine
        if self._teardown:
            machine = _as_deleted(machine)
        uuid = domain_uuid(machine.identity)
        if (domain := self._host.domain(uuid)) is None or is_of(machine, domain):
            self._dependencies.rest(key, "domain", [DomainOf(uuid)])
        await self._claim_all()
        machine, refusal = await self._resolve(machine)
        named = networks_named(machine.spec.nics, machine.metadata.namespace)
        self._dependencies.rest(key, "networks", [*named])  # its plugin may name some, too
        first = observed = await self._observe(machine, refusal)
        plan = self._plan(machine, observed)
        happenings: list[Happening] = []
        for goes_on in (machine.deleting, False):  # once it is off, the rest of it goes at once
            steps: list[Happening] = []
            error = await self._execute(machine, plan, observed, steps)
            if any(isinstance(a, act.ReleaseResource) for a in plan.actions) and error is None:
                await self._released(original, happenings, steps)
                return GONE
            happenings += steps
            if plan.actions:
                observed = await self._observe(machine, refusal)
                plan = self._plan(machine, observed)
            if error is not None or not plan.actions or not goes_on:
                break
        await self._report(machine, observed, plan, error, (first, happenings))
        if error is not None:
            error.told = True
            raise error
        return Next(0.0 if plan.actions else self._poll_after(machine, observed, plan), moved=observed is not first)

    looks_at_many = False

    def unseen(self, machine: VirtualMachine, error: DriverError) -> VirtualMachineStatus:
        """Returns the status of a machine that could not be observed, and shows it to whoever counts machines."""
        status = unknown_status(machine, error.reason, str(error), timestamp())
        self.summaries[machine.key] = summary(status)
        return status

    def forget(self, key: Key) -> None:
        """Forgets a machine that has gone."""
        self._memory.pop(key, None)
        self._recalled.discard(key)
        self._disks.pop(key, None)
        self.summaries.pop(key, None)
        self.known.discard(key)
        self._claims.release(key)
        self._images.forget(key)
        self._prober.forget(key)

    async def _resolve(self, machine: VirtualMachine) -> tuple[VirtualMachine, Waiting | Stalled | None]:
        """Returns the machine with what its plugin and its host give it and its Images stand for, or why that cannot be known."""
        whole, refusal = await self._effective.whole(machine, new=self._host.domain(domain_uuid(machine.identity)) is None)
        self._dependencies.rest(machine.key, "images", image_keys(whole))
        self._dependencies.rest(machine.key, "windows", [host] if (host := window_host(machine)) else [])
        return whole, refusal

    async def _claim_all(self) -> None:
        """Records the claims of all machines before the first one starts: some have already what others only ask for."""
        if not self._host.facts.reachable:
            self._all_claimed = False
            return
        async with self._claiming:
            for machine in () if self._all_claimed else await self._store.list(VirtualMachine):
                ours = await self._store.get(VirtualMachine, machine.key)  # a store may also list machines of other hosts
                if ours is not None:
                    self._claims.update((await self._effective.machine(ours))[0], self._host)
            self._all_claimed = True

    async def _observe(self, machine: VirtualMachine, refusal: Waiting | Stalled | None) -> Observed:
        key = machine.key
        memory = self._memory.get(key) or RememberedActs(restarts=machine.status.restarts if machine.status else 0)
        observed = await observe(machine, self._host, memory, self._claims.update(machine, self._host), self._images)
        unadmitted = None if observed.domain else self._admits(machine, observed.storage.created)
        self._dependencies.rest(key, "admission", [AnyOf(Host.KIND)] if unadmitted else [])
        if refusal is not None:
            self._images.forget(key)  # they are not known without its plugin
        if not observed.host.reachable:
            return replace(observed, unadmitted=unadmitted)
        if observed.domain is not None:
            self._rivals.check(observed.domain, first=key not in self._memory, may_act=self._fence)
            if key not in self._recalled and observed.domain.live is not None:
                self._recalled.add(key)
                self._recall_addresses(machine, observed.domain, observed.domain.live)
        twin = self._runs_elsewhere(machine) if observed.domain is not None else None
        memory = self._memory[key] = recall(memory, observed.domain, self._clock.now())
        health, rival, named = self._health(machine, observed), self._rivals.found, await self._disks_of(machine)
        observed = replace(
            observed, memory=memory, unadmitted=unadmitted, twin=twin, refusal=refusal, health=health, rival=rival, named=named
        )
        return await with_restore(machine, observed, self._store, self._host)

    async def _disks_of(self, machine: VirtualMachine) -> Mapping[str, Disk | Stalled | Waiting]:
        return await named_disks(machine, self._store, self._kept_off)

    def _recall_addresses(self, machine: VirtualMachine, domain: ObservedDomain, live: DomainConfig) -> None:
        """Remembers the addresses that an earlier operator found in this very run, where that is certain."""
        before = machine.status
        if before is None or not surely_same_run(before.run, domain.run):
            return
        known: dict[str, list[tuple[str, str]]] = {}
        macs = {nic.name: nic.mac for nic in live.nics}
        for address in before.addresses:
            if address.source != "Forward" and address.nic in macs:
                known.setdefault(macs[address.nic], []).append((address.ip, address.source))
        if known:
            self._host.recall(domain.run, known)

    def _health(self, machine: VirtualMachine, observed: Observed) -> ProbedHealth | None:
        """Starts the probes of a running machine, and returns what they say so far."""
        domain, probes = observed.domain, machine.spec.probes
        if domain is None or domain.state is not DomainState.RUNNING or probes is None or machine.deleting:
            self._prober.forget(machine.key)
            return None
        before = machine.status
        healthy = bool(before and same_run(before.run, domain.run) and before.health and before.health.status == "healthy")
        self._prober.watch(machine.key, domain.run, probes, DomainGuest(self._host, domain.uuid), healthy)
        return self._prober.health(machine.key)

    def _plan(self, machine: VirtualMachine, observed: Observed) -> Plan:
        return plan_machine(machine, observed, self._clock.now())

    async def _execute(
        self, machine: VirtualMachine, plan: Plan, observed: Observed, happenings: list[Happening]
    ) -> DriverError | None:
        """Carries the plan out in order. The first failure ends it, and is returned."""
        key = machine.key
        before = self._memory.get(key) or RememberedActs()
        if key in self._memory:
            self._memory[key] = keep_asking(before, plan, self._clock.now())
        for number, action in enumerate(plan.actions, start=1):
            if isinstance(action, act.ReleaseResource):
                continue
            log.debug("%s: %s: %s", key, type(action).__name__, action.reason)
            self._fence()
            action = self._signed(action)
            try:
                # Another machine may have been started meanwhile: disks take time.
                if isinstance(action, act.StartDomain) and (held := self._claims.begin(machine, self._host)):
                    what, holder = next(iter(held.items()))
                    raise ResourceInUse(f"{what} was taken by {holder} meanwhile")
                await self._host.execute(action)
            except DriverError as error:
                log.warning("%s: %s failed: %s", key, type(action).__name__, error)
                if isinstance(error, NotAnswering) and _cuts_power(plan.actions[number:]):
                    continue  # what ends a QEMU that hangs must not wait for it
                memory = self._memory.get(key) or RememberedActs()
                if isinstance(error, GuestHolds):
                    memory = note_refusal(memory, action)
                if not isinstance(error, NotAnswering):  # one that does not answer cannot be asked, however long
                    memory = unasked(memory, before, action, plan.actions[number:])
                self._memory[key] = memory
                return error
            self._remember(key, action)
            if happening := step_taken(action, observed):
                happenings.append(happening)
        return None

    def _signed(self, action: Action) -> Action:
        """Adds our identity to every record, so that two operators on one host keep apart or notice each other."""
        match action:
            case act.DefineDomain(config=config) if config.record is not None:
                return replace(action, config=config.with_record(self._rivals.sign(config.record)))
            case act.WriteRecord(record=record):
                return replace(action, record=self._rivals.sign(record))
        return action

    def _remember(self, key: Key, action: Action) -> None:
        self._memory[key] = note(self._memory.get(key) or RememberedActs(), action, self._clock.now())

    async def _report(
        self,
        machine: VirtualMachine,
        observed: Observed,
        plan: Plan,
        error: DriverError | None,
        steps: tuple[Observed, list[Happening]],
    ) -> None:
        """Writes the status and the events. ``steps``: what was observed before them, and the events for them."""
        domain = observed.domain
        addresses = self._addresses(domain) if domain and domain.live else {}
        status = machine_status(machine, observed, plan, addresses, error, timestamp())
        self.summaries[machine.key] = told = summary(status)
        nameless = (STALLED, "True", "NameInUse") in told.conditions
        self._dependencies.rest(machine.key, "name", [FOREIGN_DOMAINS] if nameless else [])
        earlier, later = transitions(machine.status, status, steps[0], observed, plugin_name(machine))
        happenings, changed = (*earlier, *steps[1], *later), status != machine.status
        if happenings or changed:
            await self._store.report(machine.key, machine.metadata.uid, status if changed else None, happenings)
            self._wake_disks(machine, observed)
        self.known.add(machine.key)

    def _wake_disks(self, machine: VirtualMachine, observed: Observed) -> None:
        """Wakes each Disk that it names, or that its domain has or had: they report who has them."""
        root, domain = observed.host.storage_root, observed.domain
        configs = domain.configs if domain is not None else ()
        paths = (disk.source for config in configs for disk in config.disks if disk.source)
        has = {Key(Disk.KIND, *found) for path in paths if (found := disk_of_path(root, path))}
        named = {Key(Disk.KIND, machine.metadata.namespace, disk) for disk in observed.named}
        for key in named | has | self._disks.pop(machine.key, set()):
            self._wake(key)
        if has:
            self._disks[machine.key] = has

    def _addresses(self, domain: ObservedDomain) -> Addresses | None:
        """Returns what is known of this run. None: the host cannot be asked now."""
        macs = [nic.mac for nic in domain.live.nics if nic.kind != "user"] if domain.live else []
        found = self._host.addresses(macs, domain.run) if macs else {}
        return found if self._host.facts.reachable else None

    async def _released(self, machine: VirtualMachine, before: Sequence[Happening], steps: Sequence[Happening]) -> None:
        """Lets a machine go. ``before``: the events until it was off; ``steps``: those after that."""
        ran = machine.status is not None and machine.status.run
        stopped = [Happening("Normal", "Stopped", "stopped (deleted)")] if ran else []
        deleted = Happening("Normal", "Deleted", await self._what_is_left(machine))
        await self._store.report(machine.key, machine.metadata.uid, None, (*before, *stopped, *steps, deleted))
        if machine.deleting:
            with faults.around(act.ReleaseResource("teardown is complete")):
                await self._store.release(machine.key, machine.metadata.uid)
        else:  # it is torn down, but still desired: the next `up` makes it again
            await self._store.write_status(machine.key, machine.metadata.uid, VirtualMachineStatus())

    async def _what_is_left(self, machine: VirtualMachine) -> str:
        """Says which files are left, and where; empty: none."""
        facts = self._host.facts
        folder = machine_directory(facts.storage_root, machine)
        try:
            files = await self._host.leftovers(folder) if facts.storage_root else ()
        except DriverError as error:
            return f"its domain is gone; what is left of its files is not known: {error}"
        left = f"{folder} keeps {', '.join(files)}" if files else ""
        mine = [entry for entry in await self._host.trash(folder) if entry.uid == machine.identity] if facts.trash_keep else []
        aside = [f"{', '.join(disk.name for disk in entry.disks)} in {entry.entry} until {entry.until}" for entry in mine]
        trash = f"in the trash: {'; '.join(aside)} (`homeostat trash list`){await self._scarcity()}" if aside else ""
        return "; ".join(["its domain is gone", *filter(None, (trash, left))]) if left or trash else "everything of it is gone"

    async def _scarcity(self) -> str:
        try:
            low = scarcity(await self._host.space())
        except DriverError:
            return ""  # the chore reports it
        return f"; {low}" if low else ""

    def _poll_after(self, machine: VirtualMachine, observed: Observed, plan: Plan) -> float | None:
        if not observed.host.reachable:
            return None  # an event comes when it is back
        times = [
            plan.outcome.after if isinstance(plan.outcome, Waiting) else None,
            healthy_in(observed.memory, self._clock.now()),
            FILE_POLL_SECONDS
            if isinstance(plan.outcome, Stalled) and plan.outcome.reason in (*OF_FILES, IMAGE_CHANGED)
            else None,
            _until_window(machine, observed, plan),
            SECRET_POLL_SECONDS if machine.spec.display.vnc.password_file else None,
        ]
        return min((seconds for seconds in times if seconds is not None), default=None)


def _cuts_power(actions: Sequence[Action]) -> bool:
    return any(isinstance(action, act.PowerOffDomain) for action in actions)


def _until_window(machine: VirtualMachine, observed: Observed, plan: Plan) -> float | None:
    """Returns the seconds until the next maintenance window, where something waits for it."""
    coming = next_window(machine, observed.wall) if plan.pending else None
    if coming is None or observed.wall is None:
        return None
    return min(WALL_SECONDS, max(1.0, (coming[0] - observed.wall).total_seconds() + 1.0))


def plugin_name(machine: VirtualMachine) -> str | None:
    return machine.spec.plugin_ref.name if machine.spec.plugin_ref else None


def _as_deleted(machine: VirtualMachine) -> VirtualMachine:
    since = machine.metadata.deletion_timestamp or timestamp()
    marks = {DELETED_BECAUSE: TAKEN_DOWN, **machine.metadata.annotations}
    metadata = machine.metadata.model_copy(update={"deletion_timestamp": since, "annotations": marks})
    return machine.model_copy(update={"metadata": metadata})
