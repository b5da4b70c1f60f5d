"""A deployment's world as plain values: machines that boot, serve, fail and take time to go; revisions; a clock. And a watch that
checks each action as it is carried out. Machines lie on two hosts that come and go, and an operator that was just started has
looked at none of them yet. No I/O and no waiting.

What a template is like stands in its CPU's model: ``good``, ``never`` (becomes ready), ``fades`` (ready for 2 s), ``late`` (ready
for 20 s), ``crash`` (ready for 3 s in each run, ever longer pauses between). A readiness probe on ``/bad`` never succeeds. A nic
named ``missing`` is on no network: a machine that runs serves on without it, and is not ready.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from typing import Any

from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.actions import DeploymentAction
from homeostat.planner.deployment.observed import ObservedDeployment, Replica, Revision
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.deployment.tally import allowance
from homeostat.planner.plan import Stalled, Waiting

BOOT = 5.0
SERVES = {"fades": 2.0, "late": 20.0, "crash": 3.0}
NAME = "web"


@cache
def template(
    quality: str = "good", *, vcpu: int = 1, size: str = "1Gi", probe: str = "", label: str = "", nics: tuple[str, ...] = ()
) -> MachineTemplate:
    spec: dict[str, Any] = {
        "resources": {"vcpu": vcpu, "cpu": {"model": quality}},
        "disks": [{"name": "data", "size": size}],
        "nics": [{"name": nic, "network": "default"} for nic in nics],
    }
    if probe:
        spec["probes"] = {"readiness": {"httpGet": {"port": 80, "path": probe}}}
    return MachineTemplate.model_validate({"metadata": {"labels": {"tier": label} if label else {}}, "spec": spec})


def deployment(replicas: int = 3, of: MachineTemplate | None = None, **spec: Any) -> VirtualMachineDeployment:
    """``spec`` in the words of the YAML."""
    body = {"replicas": replicas, "template": (of or template()).dump(), **spec}
    metadata = {"name": NAME, "uid": "uid-web", "generation": 1}
    return VirtualMachineDeployment.model_validate({"metadata": metadata, "spec": body})


def edited(vmd: VirtualMachineDeployment, **fields: Any) -> VirtualMachineDeployment:
    """With fields of its spec replaced, by their Python names."""
    return vmd.model_copy(update={"spec": vmd.spec.model_copy(update=fields)})


def deleted(vmd: VirtualMachineDeployment) -> VirtualMachineDeployment:
    gone = vmd.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return vmd.model_copy(update={"metadata": gone})


@dataclass
class Machine:
    name: str
    fingerprint: str
    template: MachineTemplate
    created: float
    started: float  # this run
    probed: float = 0.0  # since when by the probes it has
    gone: float | None = None  # when, once it is being deleted
    stuck: bool = False  # by a failure from outside, until it is healed
    stale: bool = False
    drifted: bool = False  # serves, and is not ready
    known_since: float = 0.0  # when its host was last back
    said: Replica | None = None  # what its status says, where this operator has not looked at it yet
    kept_disks: bool = False

    @property
    def index(self) -> int:
        return int(self.name.rsplit("-", 1)[1])

    @property
    def host(self) -> str:
        return "ab"[self.index % 2]

    @property
    def quality(self) -> str:
        probes = self.template.spec.probes
        if probes and probes.readiness and probes.readiness.http_get and probes.readiness.http_get.path == "/bad":
            return "never"
        return self.template.spec.resources.cpu.model or "good"

    @property
    def lacks(self) -> bool:
        return any(nic.name == "missing" for nic in self.template.spec.nics)

    def runs(self, now: float) -> tuple[float, float | None, bool]:
        """When the present run began and ends, and whether earlier ones ended."""
        begin, pause, again = self.started, 10.0, False
        while self.quality == "crash":
            end = begin + BOOT + SERVES["crash"]
            if now < end:
                return begin, end, again
            if now < end + pause:
                return end + pause, end + pause, True
            begin, pause, again = end + pause, min(pause * 2, 300.0), True
        return begin, None, again

    def health(self, now: float) -> tuple[float | None, bool]:
        """Since when it is ready, and whether it is lost."""
        begin, _, again = self.runs(now)
        since = max(begin + BOOT, self.probed)
        if self.stuck or self.quality == "never" or self.gone is not None or now < since:
            return None, again
        if now >= since + SERVES.get(self.quality, float("inf")):
            return None, True
        return since, False

    def news(self, now: float) -> list[float]:
        """When something about it changes by itself."""
        begin, end, _ = self.runs(now)
        since = max(begin + BOOT, self.probed)
        times = [since, since + SERVES[self.quality]] if self.quality in SERVES else [since]
        return [t for t in (*times, end, self.gone) if t is not None and now < t < inf]


@dataclass
class Fleet:
    """``slow``: how long a machine takes to go."""

    slow: float = 3.0
    now: float = 1_000_000.0
    machines: dict[str, Machine] = field(default_factory=dict)
    revisions: dict[int, Revision] = field(default_factory=dict)
    plugin: str = ""
    refusal: Waiting | Stalled | None = None
    released: bool = False
    known_since: float = 0.0
    away: frozenset[str] = frozenset()  # hosts that cannot be asked: their guests run on
    log: list[DeploymentAction] = field(default_factory=list)

    def copy(self) -> Fleet:
        return deepcopy(self)

    def observe(self) -> ObservedDeployment:
        replicas = tuple(self._replica(m) for m in self.machines.values())
        revisions = tuple(self.revisions.values())
        return ObservedDeployment(replicas, revisions, self.plugin, self.refusal, known_since=self.known_since)

    def _replica(self, machine: Machine) -> Replica:
        serving, lost = machine.health(self.now)
        going = machine.gone is not None
        found = Replica(machine.name, machine.index, machine.fingerprint, machine.created, None, lost, "", going)
        if machine.host in self.away:
            return replace(found, unknown=True, lost=False)
        if machine.said is not None:
            return replace(machine.said, fingerprint=machine.fingerprint, deleting=going, unknown=True, lost=False)
        since = None if serving is None else max(serving, machine.known_since)
        ready = None if machine.drifted or machine.lacks else since
        return replace(found, ready_since=ready, serving_since=since, unknown=machine.stale)

    # What happens

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        here = [m for m in self.machines.values() if m.host not in self.away]
        unseen = [m for m in here if m.said is not None]
        for machine in unseen if seconds >= 1 else unseen[:1]:
            machine.said = None
        for machine in here:
            machine.stale = False
            if machine.gone is not None and machine.gone <= self.now:
                del self.machines[machine.name]

    def kill(self, name: str) -> None:
        """Its process ends, and it boots again."""
        self.machines[name].started = self.now

    def delete(self, name: str, keep_disks: bool = False) -> None:
        machine = self.machines[name]
        if machine.gone is None:
            machine.gone, machine.kept_disks = self.now + self.slow, keep_disks

    def leave(self, hosts: str) -> None:
        """They cannot be asked any more."""
        self.away |= frozenset(hosts)

    def come_back(self) -> None:
        for machine in self.machines.values():
            if machine.host in self.away:
                machine.known_since = self.known_since = self.now
                machine.started = min(machine.started, self.now)  # one that was made meanwhile begins now
                machine.gone = None if machine.gone is None else max(machine.gone, self.now + self.slow)
        self.away = frozenset()

    def restart_operator(self) -> None:
        """All it knows at first is what an earlier one wrote, and it has been away for as long as somebody likes."""
        self.known_since = self.now
        for machine in self.machines.values():
            machine.said = machine.said or self._replica(machine)

    def heal(self) -> None:
        self.come_back()
        for machine in self.machines.values():
            machine.drifted = False
        for machine in self.machines.values():
            if machine.stuck:
                machine.stuck, machine.started = False, self.now

    def living(self) -> list[Machine]:
        return sorted((m for m in self.machines.values() if m.gone is None), key=lambda m: m.index)

    def available(self, vmd: VirtualMachineDeployment) -> int:
        """In truth, whatever the operator was told."""
        since = (m.health(self.now)[0] for m in self.living())
        return sum(s is not None and self.now >= s + vmd.spec.min_ready_seconds for s in since)

    # What actions do

    def apply(self, vmd: VirtualMachineDeployment, action: DeploymentAction) -> None:
        self.log.append(action)
        match action:
            case act.CreateMachine(name, fingerprint, made_of):
                assert name not in self.machines, f"{name} still exists"
                made = self.machines[name] = Machine(name, fingerprint, made_of, self.now, self.now)
                made.started = inf if made.host in self.away else self.now
            case act.UpdateMachine(name, fingerprint, made_of):
                machine = self.machines[name]
                anew = machine.template.spec.probes != made_of.spec.probes
                machine.fingerprint, machine.template, machine.stale = fingerprint, made_of, True
                machine.probed = self.now + 1.0 if anew else machine.probed
            case act.DeleteMachine(name, keep_disks):
                assert self.machines[name].gone is None
                self.delete(name, keep_disks)
            case act.RecordRevision(revision):
                known = self.revisions.get(revision.revision)
                self.revisions[revision.revision] = Revision(revision, known.created if known else self.now)
            case act.ForgetRevision(number):
                del self.revisions[number]
            case act.ReclaimKept():
                pass  # of files, which are none of this fleet's
            case act.ReleaseDeployment():
                assert not self.machines
                self.released = True

    # An operator

    def plan(self, vmd: VirtualMachineDeployment) -> DeploymentPlan:
        return plan_deployment(vmd, self.observe(), self.now)

    def step(self, vmd: VirtualMachineDeployment, lives: int | None = None) -> DeploymentPlan:
        """One plan, carried out and watched (``lives``: only so many actions, then the operator is killed); time goes on."""
        plan = self.plan(vmd)
        for action in plan.actions[:lives]:
            before, floor = self.available(vmd), vmd.spec.replicas - allowance(vmd)[1]
            self.apply(vmd, action)
            if not vmd.deleting:
                assert self.available(vmd) >= min(before, floor), f"{action} takes available below {floor}"
            if isinstance(action, act.CreateMachine):
                assert len(self.living()) <= vmd.spec.replicas + allowance(vmd)[0], f"{action} is one too many"
        self.pass_time(0.25 if plan.actions else self._until_news(plan) or 0.0)
        self._check_revisions(vmd, plan)
        return plan

    def _until_news(self, plan: DeploymentPlan) -> float | None:
        """Seconds until something happens without us."""
        here = [m for m in self.machines.values() if m.host not in self.away]
        times = [t - self.now for m in here for t in m.news(self.now)]
        times += [0.25 for m in here if m.stale or m.said]
        return min([*times, *([plan.after] if plan.after is not None else [])], default=None)

    def settle(self, vmd: VirtualMachineDeployment, until: float = float("inf"), steps: int = 600) -> DeploymentPlan:
        """Until nothing is done or expected any more, or a time has come.

        Raises:
            AssertionError: there is no rest.
        """
        for _ in range(steps):
            before = self.now
            plan = self.step(vmd)
            if self.now >= until or self.released or self.now == before:
                return plan
        raise AssertionError(f"no rest: {self.plan(vmd)}")

    def _check_revisions(self, vmd: VirtualMachineDeployment, plan: DeploymentPlan) -> None:
        kept = {r.spec.fingerprint for r in self.revisions.values()}
        if vmd.deleting or not kept:
            return
        assert {m.fingerprint for m in self.machines.values()} <= kept, "a machine follows a forgotten revision"
        assert not plan.target or plan.target.records or not self.refusal or plan.target.revision.fingerprint in kept

    def names(self) -> list[str]:
        return [m.name for m in self.living()]

    def followed(self) -> set[str]:
        return {m.fingerprint for m in self.living()}

    def revision(self, number: int) -> MachineRevisionSpec:
        return self.revisions[number].spec


def names(replicas: int) -> list[str]:
    return [f"{NAME}-{i}" for i in range(1, replicas + 1)]
