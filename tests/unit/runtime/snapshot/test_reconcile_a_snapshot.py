"""What the reconciles of a Snapshot observe, do, tell and write. After a wanted change: pytest --regenerate-golden, and read the
diff.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from homeostat.planner import actions as act
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.plan import Converged, Outcome, Stalled, Waiting
from homeostat.planner.snapshot.observed import ObservedSnapshot, tag_of
from homeostat.planner.snapshot.plan import SnapshotPlan
from homeostat.runtime.engine.dependencies import Dependencies
from homeostat.runtime.engine.reconciler import GONE, Next
from homeostat.runtime.machine.domains import DomainOf
from homeostat.runtime.snapshot.reconcile import SnapshotReconciler
from homeostat.runtime.snapshot.status import snapshot_status
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost
from tests.unit.tables import as_before
from tests.unit.transcripts import DATA, ROOT
from tests.unit.world import HOST, World

WEB = machine(disks=[ROOT, DATA])
HOME = "/state/machines/default/web"


def snapshot(status: SnapshotStatus | None = None, deleting: bool = False, **spec: Any) -> Snapshot:
    meta = {
        "name": "before",
        "uid": "s-1",
        "generation": 3,
        **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {}),
    }
    made = Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": "web"}, **spec}})
    return made.model_copy(update={"status": status})


KEY, TAG = snapshot().key, tag_of(snapshot())


class SnapshotHost(WorldHost):
    """A machine that runs, and what snapshots leave in its disks."""

    def __init__(self) -> None:
        operator = Operator(World())
        operator.settle(WEB)
        super().__init__(operator.world)
        self.built: dict[str, str] = {}
        self.asked: list[str] = []

    async def built_on_disks(self, paths: Any) -> Any:
        self.asked.append(f"built on {sorted(paths)}")
        return self.built

    async def snapshot_tags(self, paths: Any) -> Any:
        self.asked.append(f"tags of {list(paths)}")
        return await super().snapshot_tags(paths)

    async def execute(self, action: act.Action) -> None:
        if type(action) in self.failing:
            raise DriverError(self.failing[type(action)])
        self.done.append(action)
        match action:
            case act.TakeSnapshot():
                tag = DiskTag(action.tag, 1, 0)
                self.tags = {path: [tag] for _, path in action.disks}
                note = SnapshotNote(
                    action.uid, action.machine, action.machine_name, action.memory, action.disks, True, "Crash", "2026", 7
                )
                self.notes = {action.uid: note}
            case act.DropSnapshot():
                self.tags, self.notes = {}, {}


class Scene:
    def __init__(self, *resources: Any) -> None:
        self.shelf, self.host, self.dependencies = Shelf(*resources), SnapshotHost(), Dependencies()
        self.rival: Stalled | None = None
        self.fenced = 0
        self.lines: list[str] = []
        self.reconciler = SnapshotReconciler(
            self.shelf, self.host, self.dependencies, lambda: self.rival, self._fence  # type: ignore[arg-type]
        )  # fmt: skip

    def _fence(self) -> None:
        self.fenced += 1

    async def look(self, what: str) -> None:
        self.lines.append(f"  {what}")
        for _ in range(3):
            found = self.shelf.resources.get(KEY)
            if not isinstance(found, Snapshot) or (await self._reconcile(found)) is GONE:
                return

    async def _reconcile(self, found: Snapshot) -> Next:
        host, shelf = self.host, self.shelf
        for known in (host.done, host.asked, shelf.told, shelf.said, shelf.statuses):
            known.clear()
        self.fenced, step = 0, Next()
        try:
            step = await self.reconciler.reconcile(found)
            shown = "gone" if step is GONE else f"{step}"
        except DriverError as error:
            assert error.told, "its status says so"
            shown, step = f"fails: {error}", GONE
        self.lines.append(
            f"    {[type(action).__name__ for action in host.done]} fenced {self.fenced} {'; '.join(host.asked)} → {shown}"
        )
        self.lines += [f"      {reason}: {said}" for (_, reason), said in zip(shelf.told, shelf.said.get(KEY, ()), strict=True)]
        if shelf.statuses:
            self.lines.append(f"      {_told(shelf.resources[KEY].status)}")
        return GONE if step.after is None else step


def _told(status: Any) -> str:
    conditions = [f"{c.type} {c.status} {c.reason} {c.message}".strip() for c in status.conditions]
    return f"{ {name: value for name, value in status.dump().items() if name != 'conditions'} } {conditions}"


async def test_from_the_first_look_to_the_last(request: pytest.FixtureRequest) -> None:
    scene = Scene(snapshot(), WEB)
    shelf, host = scene.shelf, scene.host
    scene.rival = Stalled("OtherOperator", "another one acts here")
    await scene.look("a rival")
    scene.rival = None
    host.built = {f"{HOME}/data.qcow2": "/srv/x", f"{HOME}/root.qcow2": f"{HOME}/data.qcow2"}
    host.failing = {act.TakeSnapshot: "no space left"}
    await scene.look("others built on other files, and it fails")
    host.built = {f"{HOME}/data.qcow2": f"{HOME}/data.qcow2"}
    await scene.look("others built on its own")
    host.built, host.failing = {}, {}
    await scene.look("taken")
    await scene.look("at rest")
    host.world.host = replace(HOST, reachable=False, error="no route")
    await scene.look("away")
    host.world.host, host.tags = HOST, {}
    await scene.look("lost")
    shelf.drop(WEB.key)
    await scene.look("the machine goes")
    host.failing = {act.DropSnapshot: "busy"}
    shelf.put(snapshot(deleting=True))
    await scene.look("deleted, and it fails")
    host.failing = {}
    await scene.look("deleted")
    assert shelf.released == [KEY]
    as_before("snapshots-reconciled", scene.lines, request)


async def test_it_wakes_with_its_machine_and_its_domain() -> None:
    scene = Scene(snapshot(), WEB)
    await scene.look("taken")
    for node in (WEB.key, DomainOf(domain_uuid(WEB.identity))):
        assert scene.dependencies.resting_on(node) == [KEY]
    scene.shelf.drop(WEB.key)
    await scene.look("the machine goes")
    assert scene.dependencies.resting_on(WEB.key) == [KEY]


OUTCOMES: tuple[Outcome, ...] = (
    Converged("Taken"), Waiting("Taking", "so far"), Waiting("HostUnreachable", "no route"), Stalled("SnapshotLost", "lost"),
)  # fmt: skip


def test_its_status_by_what_happened(request: pytest.FixtureRequest) -> None:
    note = SnapshotNote("s-1", "u", "web", False, (("data", "/x"),), True, "Agent", "2026", 7)
    notes = {"none": None, "begun": replace(note, complete=False), "taken": note, "odd": replace(note, consistency="Odd")}
    errors = {"": None, "fails": DriverError("no space"), "refused": Refused("it cannot be")}
    before = SnapshotStatus(consistency="Off", taken_at="2025", size=1, host="a")
    domain = SnapshotHost().world._observed_domain()
    lines = []
    for (what, known), outcome, (how, error), reachable in product(notes.items(), OUTCOMES, errors.items(), (True, False)):
        seen = ObservedSnapshot(replace(HOST, reachable=reachable), WEB, domain if known else None, known)
        status = snapshot_status(snapshot(before), seen, SnapshotPlan(outcome=outcome), error, "2026-01-01T00:00:00Z")
        lines.append(f"{what}, {outcome.reason} {how}{'' if reachable else ', away'}: {_told(status)}")
    as_before("snapshots-statuses", lines, request)
