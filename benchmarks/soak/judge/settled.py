"""What must hold once nothing is done any more: what the YAML says is what there is, and what is reported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import libvirt

from benchmarks.soak.desired import PLUGIN, VM, VMD, Wish, numbered
from benchmarks.soak.hypervisor import Domain
from benchmarks.soak.judge import index
from benchmarks.soak.judge.advice import confirm, follow
from benchmarks.soak.judge.canaries import Canaries
from benchmarks.soak.judge.open_files import qemus
from benchmarks.soak.judge.power import early_cuts
from benchmarks.soak.world import QemuWorld, World
from homeostat.models.quantity import parse_quantity
from tests.rig.guest import fetch, leased_address

DEADLINE = {"qemu": 150.0, "test": 90.0}  # seconds until all is as it should be; most take a tenth of it
REST = 2.0  # seconds without a write
POLL = 0.5  # seconds

Rows = dict[tuple[str, str], index.Row]


class Judge:
    def __init__(self, world: World, canaries: Canaries) -> None:
        self._world, self._canaries = world, canaries
        self._uuids: dict[str, str] = {}

    def settle(self) -> bool:
        """Waits until nothing differs; whether it came to that. What still differs at the deadline is a violation."""
        deadline = time.monotonic() + DEADLINE[self._world.kind]
        while differences := list(self._differences()):
            if self._world.log.spoilt or self._world.stop.is_set():
                return False
            if time.monotonic() > deadline:
                self._world.log.violation(f"not settled within {DEADLINE[self._world.kind]:g} s: " + "; ".join(differences[:6]))
                return False
            time.sleep(POLL)
        return True

    def judge(self) -> None:
        """After it has settled."""
        world = self._world
        for wish in world.desired.of_kind(VM, free=False):
            world.desired.settled.add(wish.name)
            world.desired.had_disk.add(wish.name)
            if wrong := self._canaries.see(wish.name):
                world.log.violation(wrong)
            elif world.kind == "qemu" and _runs(wish):
                self._inside(wish.name)
        for wish in world.desired.of_kind(VMD, free=False):
            world.desired.settled.add(wish.name)
            world.serving[wish.name] = wish.spec["replicas"]
        for name in () if world.cramped else world.desired.gone:
            if name in self._canaries.known and not self._canaries.in_trash(name):
                world.log.violation(f"{name} was deleted, and its disk is not in the trash")
        if isinstance(world, QemuWorld):
            for cut in early_cuts(world):
                world.log.violation(cut)
        self._rest()

    def _inside(self, name: str) -> None:
        assert isinstance(self._world, QemuWorld)
        address = leased_address(self._world.rig, name)
        token, boots = fetch(address, "/token").strip(), int(fetch(address, "/boots"))
        if wrong := self._canaries.see_inside(name, token, boots):
            self._world.log.violation(wrong)

    def _rest(self) -> None:
        """Nothing is written where nothing differs; what was under way may end first."""
        deadline = time.monotonic() + 30
        before = index.writes(self._world.state)
        while time.monotonic() < deadline:
            time.sleep(REST)
            after = index.writes(self._world.state)
            if after == before:
                return
            before = after
        self._world.log.violation("no rest: the index is written to, though nothing differs")

    # What differs now

    def _differences(self) -> Iterator[str]:
        rows = index.rows(self._world.state)
        if rows is None:
            yield "the index cannot be read"
            return
        try:
            domains = self._world.hypervisor.domains()
        except (libvirt.libvirtError, OSError) as error:
            yield f"the hypervisor does not answer: {error}"
            return
        yield from (f"an error is told: {error}" for error in index.errors(self._world.state))
        confirm(self._world, index.held(self._world.state))
        if isinstance(self._world, QemuWorld):
            yield from self._api(self._world.port)
            running = {name for name, domain in domains.items() if domain.active}
            ending = {qemu.guest for qemu in qemus(self._world.root)} - running
            yield from (f"a QEMU of {name} runs that is no domain's" for name in sorted(ending))
        expected = {self._world.bystander}
        for wish in self._world.desired.wishes.values():
            if wish.kind == VM:
                expected.add(wish.name)
                yield from self._machine(wish.name, wish, rows, domains)
            elif wish.kind == PLUGIN:
                row = rows.get((PLUGIN, wish.name))
                if row is None or row.deleted or not row.ready:
                    yield f"the plugin {wish.name} is {'not ready' if row else 'no resource'}"
            else:
                yield from self._deployment(wish, rows, domains, expected)
        yield from (f"a domain {name} that nothing asks for" for name in sorted(domains.keys() - expected))
        machines = {name for kind, name in rows if kind == VM}
        yield from (f"a resource {name} that nothing asks for" for name in sorted(machines - expected))
        bystander = domains.get(self._world.bystander)
        if bystander is None or not bystander.running or bystander.records:
            yield f"{self._world.bystander}, which is nobody's, is {bystander}"

    def _api(self, port: int) -> Iterator[str]:
        try:
            fetch(f"127.0.0.1:{port}", "/healthz", timeout=5)
        except OSError as error:
            yield f"the API does not say that all is well: {error}"

    def _machine(self, name: str, wish: Wish, rows: Rows, domains: dict[str, Domain]) -> Iterator[str]:
        row, domain = rows.get((VM, name)), domains.get(name)
        if row is None or row.deleted:
            yield f"{name} is {'being deleted' if row else 'no resource'}"
            return
        memory = self._world.desired.memory(wish)
        if row.spec.get("resources", {}).get("memory") != memory:
            yield f"{name}: the spec in force has the memory {row.spec.get('resources')}, not {memory}"
        wanted = ("Running",) if _runs(wish) else ("Stopped", "Saved")  # somebody may have saved it before it was turned off
        ready = row.condition("Ready")
        follow(self._world, wish, row)
        if row.state not in wanted or not row.ready:
            yield f"{name} is {row.state}, {ready.get('reason')} {ready.get('message')}"
        if domain is None:
            yield f"{name} has no domain"
            return
        if self._uuids.setdefault(name, domain.uuid) != domain.uuid:
            yield f"{name} has another uuid than before"
        if domain.running != _runs(wish):
            yield f"the domain {name} is {'running' if domain.running else f'in state {domain.state}'}, reported as {row.state}"
        if domain.memory != parse_quantity(memory):
            yield f"the domain {name} has {domain.memory} bytes, not {memory}"
        if _runs(wish) and isinstance(self._world, QemuWorld) and "data" in str(wish.machine.get("disks")):
            with suppress(OSError):
                if fetch(leased_address(self._world.rig, name) or "0.0.0.0", "/token"):
                    return
            yield f"the guest of {name} does not answer, reported as {row.state}, Ready {ready.get('status')}"

    def _deployment(self, wish: Wish, rows: Rows, domains: dict[str, Domain], expected: set[str]) -> Iterator[str]:
        row, replicas = rows.get((VMD, wish.name)), wish.spec["replicas"]
        if row is None or row.deleted:
            yield f"{wish.name} is {'being deleted' if row else 'no resource'}"
            return
        if not row.ready:
            yield f"{wish.name} is not ready: {row.condition('Ready')}"
        machines = sorted(name for (kind, name), one in rows.items() if kind == VM and one.owned and numbered(wish.name, name))
        expected.update(machines)
        # The number alone tells nothing: in a rollout, what stands in for a machine is alone for a moment.
        if set(machines) != {f"{wish.name}-{index}" for index in range(1, replicas + 1)}:
            yield f"{wish.name} has the machines {', '.join(machines) or 'none'}, not 1 to {replicas}"
        for name in machines:
            yield from self._machine(name, wish, rows, domains)


def _runs(wish: Wish) -> bool:
    return bool(wish.machine.get("runStrategy", "Always") == "Always")
