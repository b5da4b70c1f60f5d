"""A whole Homeostat in this process on libvirt's test driver: the host stays while operators come and go.

On the test driver a machine is ready once its domain runs, unless a probe says otherwise: there is no guest agent, so a machine
that wants one (``unready``) never is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import yaml

from homeostat.assembly.job import Job, JobConfig
from homeostat.assembly.standalone import open_host
from homeostat.driver.host import LibvirtHost
from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from tests.libvirt.hosts import isolated_uri
from tests.rig.waiting import Patience

Spec = dict[str, Any]
WRITES = ("apply_owned", "delete_owned", "write_status", "release", "record_event", "report")
SETTLE = 0.3  # seconds
SOON = 20.0  # seconds; all of it takes a second or two


class Killed(BaseException):
    """What an operator that is killed at a step dies of."""


class Site:
    def __init__(self, root: Path, host: LibvirtHost) -> None:
        self.host = host
        self.folder, self.state = root / "vms", root / "state"
        self.folder.mkdir(exist_ok=True)
        self.store = self._open()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.checks: list[Callable[[], None]] = []  # called before and after every step
        self.faults: list[BaseException] = []
        self.steps = 0
        self._last = 0  # the step to be killed at; 0: none
        self._before = True
        self._acting = host.execute
        self.host.execute = self._stepping(self._acting)  # type: ignore[method-assign]

    def _open(self) -> FilesStore:
        return FilesStore.open(self.folder, StateFolder.open(self.state), owner=True, settle=SETTLE)

    # The operator

    def start(self, kill_at: int = 0, *, before: bool = True) -> None:
        """``kill_at``: at so many writes to the host or the store, from 1 on, it dies just before (or after) that one."""
        self.store.close()
        self.store = self._open()
        self.steps, self._last, self._before, self.faults = 0, kill_at, before, []
        for name in WRITES:
            setattr(self.store, name, self._stepping(getattr(self.store, name)))
        operator = Job(self.store, self.host, self.config())
        self.operator, self._stop = operator, asyncio.Event()
        self._running = asyncio.create_task(operator.run(self._stop))

    def config(self) -> JobConfig:
        return JobConfig(str(self.store.state.instance_id))

    def _stepping(self, step: Callable[..., Any]) -> Callable[..., Any]:
        async def watched(*arguments: Any) -> Any:
            self.steps += 1
            number = self.steps
            dead = 0 < self._last < number  # a dead operator does nothing any more, whatever was under way
            self._check()
            if dead or (number == self._last and self._before):
                raise Killed
            answer = await step(*arguments)
            self._check()
            if number == self._last:
                raise Killed
            return answer

        return watched

    def _check(self) -> None:
        for check in self.checks:
            try:
                check()
            except AssertionError as error:
                self.faults.append(error)

    @property
    def alive(self) -> bool:
        return self._running is not None and not self._running.done()

    async def stop(self) -> None:
        self._stop.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=SOON)
            error = None if self._running.cancelled() else self._running.exception()
            self._running = None
            dead = isinstance(error, BaseExceptionGroup) and error.split(Killed)[1] is None
            assert error is None or dead, error
        assert not self.faults, self.faults[0]

    async def cut(self) -> None:
        """Ends it in the middle of whatever it does."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running}, timeout=SOON)
            self._running = None

    # The folder

    def write(self, kind: str, name: str, spec: Spec) -> None:
        document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        aside = self.folder / f".{name}.tmp"
        aside.write_text(yaml.safe_dump(document, sort_keys=False))
        aside.replace(self.folder / f"{name}.yaml")

    def deploy(self, name: str, replicas: int, template: Spec | None = None, **spec: Any) -> None:
        made_of = plain() if template is None else template
        self.write("VirtualMachineDeployment", name, {"replicas": replicas, "template": {"spec": made_of}, **spec})

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()

    def patch(self, name: str, **spec: Any) -> None:
        """As the REST API does."""
        self.store.patch(key_of(name), {"spec": spec}, "api")

    # What there is

    def deployment(self, name: str) -> VirtualMachineDeployment | None:
        row = self.store.index.row(key_of(name))
        found = self.store.resource(row) if row else None
        assert found is None or isinstance(found, VirtualMachineDeployment)
        return found

    def condition(self, name: str, type: str) -> Condition | None:
        found = self.deployment(name)
        return find_condition(found.status.conditions, type) if found and found.status else None

    def machines(self) -> dict[str, VirtualMachine]:
        found = [self.store.resource(row) for row in self.store.rows("VirtualMachine")]
        return {m.metadata.name: m for m in found if isinstance(m, VirtualMachine)}

    def revisions(self) -> dict[int, MachineRevision]:
        found = [self.store.resource(row) for row in self.store.rows("MachineRevision")]
        return {r.spec.revision: r for r in found if isinstance(r, MachineRevision)}

    def domains(self) -> dict[str, bool]:
        """By name: whether it runs. libvirt's own word, past our inventory."""
        handle = self.host._connection.handle
        return {domain.name(): bool(domain.isActive()) for domain in handle.listAllDomains()}

    def running(self) -> list[str]:
        return sorted((name for name, active in self.domains().items() if active), key=lambda n: (len(n), n))

    def events(self, name: str, kind: str = "VirtualMachineDeployment") -> list[str]:
        return [event.reason for event in self.store.events(0, key_of(name, kind))]

    # Waiting

    async def until(self, seen: Callable[[], object], what: str, timeout: float = SOON) -> None:
        patience = Patience(timeout)
        while not seen():
            if patience.over:
                raise AssertionError(f"not within {timeout:g} s: {what}\n{self.picture()}")
            await asyncio.sleep(0.005)

    async def settled(self, name: str, *names: str, reason: str = "") -> None:
        """Its status speaks of the present spec and says Ready, and nothing but these is there."""

        def done() -> bool:
            found, ready = self.deployment(name), self.condition(name, "Ready")
            if found is None or found.status is None or ready is None:
                return False
            current = found.status.observed_generation == found.metadata.generation == ready.observed_generation
            right = ready.status == "True" and reason in ("", ready.reason)
            exact = sorted(self.domains()) == sorted(self.running()) == sorted(self.machines()) == sorted(names)
            return current and right and found.status.machines == names and exact

        await self.until(done, f"{name} settles on {names}")
        found = self.deployment(name)
        assert found is not None and found.status is not None
        counts = found.status.replicas, found.status.updated_replicas, found.status.available_replicas
        assert found.status.ready_replicas == len(names) and counts[0] == counts[2] == len(names), counts

    async def at_rest(self) -> None:
        await self.until(lambda: self.operator.queue.idle(within=0.3), "the operator is at rest")

    def picture(self) -> str:
        lines = [f"running: {self.running()}"]
        for row in self.store.rows():
            found: Any = self.store.resource(row)
            conditions = found.status.conditions if getattr(found, "status", None) else ()
            said = "; ".join(f"{c.type}={c.status} {c.reason} {c.message}" for c in conditions)
            lines.append(f"{row.key} generation {row.generation} deleted {row.deleted}: {said}")
        return "\n".join([*lines, *map(str, self.store.errors())])

    @contextmanager
    def never_fewer(self, prefix: str, floor: int) -> Iterator[None]:
        """Watches at every step, on libvirt itself, that so many domains of the name run."""

        def check() -> None:
            up = [name for name in self.running() if name.startswith(prefix)]
            assert len(up) >= floor, f"only {up} run"

        self.checks.append(check)
        yield
        self.checks.remove(check)
        assert not self.faults, self.faults[0]


@asynccontextmanager
async def living(root: Path) -> AsyncIterator[Site]:
    root.mkdir(parents=True, exist_ok=True)
    async with open_host(root / "state", isolated_uri(root)) as host:
        site = Site(root, host)
        try:
            yield site
        finally:
            await site.cut()
            site.store.close()


def key_of(name: str, kind: str = "VirtualMachineDeployment") -> Key:
    return Key(kind, "default", name)


def plain(vcpu: int = 1, **fields: Any) -> Spec:
    return {"resources": {"memory": "64Mi", "vcpu": vcpu}, "shutdown": {"gracePeriodSeconds": 0}, **fields}


def unready(vcpu: int = 1, **fields: Any) -> Spec:
    """Runs, and never becomes ready."""
    return plain(vcpu, probes={"readiness": {"guestAgentPing": {}}}, **fields)


def numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}-{index}" for index in range(1, count + 1))


def claims_too_much(site: Site, name: str) -> str:
    """What its status says that the domains do not show; '' where all is true."""
    found = site.deployment(name)
    if found is None or found.status is None:
        return ""
    up = [n for n in site.running() if n.startswith(f"{name}-")]
    said = found.status
    if max(said.ready_replicas, said.available_replicas) > len(up):
        return f"{said.ready_replicas} ready and {said.available_replicas} available, but only {up} run"
    return ""


def state_of(site: Site, name: str) -> MachineState | None:
    machine = site.machines().get(name)
    return machine.status.state if machine and machine.status else None
