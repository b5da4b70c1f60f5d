"""One reconcile of a deployment: its machines and revisions are written, told, and looked at again; nothing is claimed early."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import IDENTITY, ORPHANING, Key
from homeostat.models.condition import Condition
from homeostat.models.deployment import MachineRevision, MachineTemplate, TemplateMeta, VirtualMachineDeployment
from homeostat.models.kinds import kind_of
from homeostat.models.machine import MachineState, PluginRef, VirtualMachine, VirtualMachineStatus
from homeostat.models.plugin import Plugin
from homeostat.planner.files.trash import DELETED_BECAUSE
from homeostat.planner.machine.removal.teardown import ABANDON, KEEP_DISKS
from homeostat.planner.observed import KeptDisks
from homeostat.planner.plan import Stalled
from homeostat.planner.template import FOLLOWS
from homeostat.runtime.deployment.reconcile import DEPLOYMENT, MOVED, DeploymentReconciler
from homeostat.runtime.engine.reconciler import GONE, Next
from tests.unit.fleet import deployment, edited, template
from tests.unit.machines import machine
from tests.unit.operating import BORN, Shelf, WorldHost

VMD = deployment(2)
KEY = VMD.key


def reconciler(shelf: Shelf, **options: Any) -> DeploymentReconciler:
    return DeploymentReconciler(shelf, WorldHost(), **options)  # type: ignore[arg-type]


def current(shelf: Shelf) -> VirtualMachineDeployment:
    found = shelf.resources[KEY]
    assert isinstance(found, VirtualMachineDeployment)
    return found


async def look(made: DeploymentReconciler, shelf: Shelf) -> Next:
    return await made.reconcile(current(shelf))


def machines(shelf: Shelf) -> dict[str, VirtualMachine]:
    return {r.metadata.name: r for r in shelf.resources.values() if isinstance(r, VirtualMachine)}


def revisions(shelf: Shelf) -> list[int]:
    return sorted(r.spec.revision for r in shelf.resources.values() if isinstance(r, MachineRevision))


def serve(shelf: Shelf, *names: str) -> None:
    """As their operator would report."""
    for name, vm in machines(shelf).items():
        if names and name not in names:
            continue
        conditions = tuple(
            Condition(type=kind, status="True", reason="Ok", last_transition_time=BORN) for kind in ("Ready", "Running")
        )
        status = VirtualMachineStatus(
            state=MachineState.RUNNING, observed_generation=vm.metadata.generation, conditions=conditions, run="1"
        )
        shelf.resources[vm.key] = vm.model_copy(update={"status": status})


def let_go(shelf: Shelf) -> list[str]:
    gone = [name for name, vm in machines(shelf).items() if vm.deleting]
    for name in gone:
        shelf.drop(machines(shelf)[name].key)
    return gone


def reasons(shelf: Shelf) -> list[str]:
    return [reason for key, reason in shelf.told if key == KEY]


async def at_rest(shelf: Shelf, **options: Any) -> DeploymentReconciler:
    made = reconciler(shelf, **options)
    for _ in range(20):
        step = await look(made, shelf)
        let_go(shelf)
        serve(shelf)
        if step.after is None:
            break
    shelf.told.clear(), shelf.statuses.clear()
    return made


async def test_machines_are_made_with_all_that_makes_them_its_own() -> None:
    shelf = Shelf(VMD)
    step = await look(reconciler(shelf), shelf)
    assert step.after == MOVED
    made = machines(shelf)
    assert sorted(made) == ["web-1", "web-2"] and revisions(shelf) == [1]
    assert "RolledBack" not in reasons(shelf)
    one = made["web-1"]
    assert one.owner == KEY and one.metadata.labels[DEPLOYMENT] == "web"
    assert one.metadata.annotations[FOLLOWS] == made["web-2"].metadata.annotations[FOLLOWS] != ""
    assert one.spec == VMD.spec.template.spec
    assert reasons(shelf).count("MachineCreated") == 2
    assert current(shelf).status is not None and current(shelf).status.replicas == 0  # type: ignore[union-attr]


async def test_a_template_gives_no_mark_that_homeostat_goes_by() -> None:
    """Whoever wrote it: a machine would be somebody else's, or another domain's. At rest it is so as well."""
    ours = {name: "x" for name in ("homeostat.dev/owner", "homeostat.dev/id", DEPLOYMENT, FOLLOWS, IDENTITY, ABANDON)}
    marked = TemplateMeta(labels={"tier": "a", **ours}, annotations={"note": "b", **ours})
    shelf = Shelf(edited(VMD, template=VMD.spec.template.model_copy(update={"metadata": marked})))
    made = await at_rest(shelf)
    for one in machines(shelf).values():
        assert one.metadata.labels == {"tier": "a", DEPLOYMENT: "web"}
        assert set(one.metadata.annotations) == {"note", FOLLOWS} and one.metadata.annotations[FOLLOWS] != "x"
    assert (await look(made, shelf)).after is None
    assert shelf.told == [] and shelf.statuses == []


async def test_at_rest_nothing_is_written() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    assert (await look(made, shelf)).after is None
    assert shelf.told == [] and shelf.statuses == []
    status = current(shelf).status
    assert status is not None and (status.ready_replicas, status.available_replicas) == (2, 2)


async def test_scaling_down_marks_why_a_machine_goes_and_counts_it_no_more() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    shelf.put(edited(VMD, replicas=1))
    assert (await look(made, shelf)).after == MOVED
    gone = machines(shelf)["web-2"]
    assert gone.deleting and gone.metadata.annotations[DELETED_BECAUSE] == "replicas: 1"
    assert KEEP_DISKS not in gone.metadata.annotations
    assert reasons(shelf) == ["MachineDeleted"]
    status = current(shelf).status
    assert status is not None and status.replicas == 1 and status.machines == ("web-1",)


async def test_revisions_of_others_are_none_of_its_own() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    (own,) = [r for r in shelf.resources.values() if isinstance(r, MachineRevision)]
    metadata = own.metadata.model_copy(update={"name": "db-9", "owner_references": ()})
    shelf.put(own.model_copy(update={"metadata": metadata, "spec": own.spec.model_copy(update={"revision": 9})}))
    await look(made, shelf)
    status = current(shelf).status
    assert status is not None and status.revision == 1 and revisions(shelf) == [1, 9]


async def test_a_stateful_one_keeps_the_disks() -> None:
    stateful = deployment(2, stateful=True, strategy={"rollingUpdate": {"maxUnavailable": 1}})
    shelf = Shelf(stateful)
    made = await at_rest(shelf)
    shelf.put(edited(stateful, replicas=1))
    await look(made, shelf)
    assert machines(shelf)["web-2"].metadata.annotations[KEEP_DISKS] == "true"


async def test_a_change_that_machines_take_as_they_run_is_written_into_them_and_they_prove_themselves_anew() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    shelf.put(edited(VMD, template=template(probe="/")))
    for _ in range(4):
        await look(made, shelf)
        if "MachineUpdated" in reasons(shelf):
            break
        serve(shelf, "web-3")  # which stands in
    assert "MachineDeleted" not in reasons(shelf)
    assert {name for name, vm in machines(shelf).items() if vm.spec.probes} == {"web-2", "web-3"}
    status = current(shelf).status
    assert status is not None and (status.replicas, status.ready_replicas) == (3, 2)


async def test_old_revisions_are_forgotten() -> None:
    limited = edited(VMD, revision_history_limit=1)
    shelf = Shelf(limited)
    made = await at_rest(shelf)
    for vcpu in (2, 3, 4):
        shelf.put(edited(limited, template=template(vcpu=vcpu)))
        for _ in range(20):
            await look(made, shelf)
            let_go(shelf)
            serve(shelf)
    assert revisions(shelf) == [3, 4]
    assert {vm.spec.resources.vcpu for vm in machines(shelf).values()} == {4}


async def test_beside_another_operator_nothing_is_done_and_that_is_said_once() -> None:
    shelf = Shelf(VMD)
    made = reconciler(shelf, halted=lambda: Stalled("OtherOperator", "another one is here"))
    for _ in range(2):
        assert (await look(made, shelf)).after is None
    assert machines(shelf) == {} and reasons(shelf) == ["Failed"]
    status = current(shelf).status
    assert status is not None and "OtherOperator" in [c.reason for c in status.conditions if c.type == "Stalled"]


async def test_what_stalls_it_is_told_again_where_that_is_something_else() -> None:
    shelf = Shelf(VMD)
    for message, told in (("another one is here", 1), ("another one is here", 1), ("a third one is here", 2)):
        await look(reconciler(shelf, halted=lambda message=message: Stalled("OtherOperator", message)), shelf)
        assert reasons(shelf) == ["Failed"] * told


async def test_what_was_not_looked_at_yet_is_not_claimed() -> None:
    """An operator that was just started: statuses are what an earlier one left."""
    shelf = Shelf(VMD)
    await at_rest(shelf)
    fresh = reconciler(shelf, looked_at=lambda key: key.name == "web-1")
    before = current(shelf).status
    await look(fresh, shelf)
    assert current(shelf).status == before and shelf.statuses == []
    known = reconciler(shelf)
    vm = machines(shelf)["web-2"]
    shelf.resources[vm.key] = vm.model_copy(update={"status": None})
    await look(known, shelf)
    status = current(shelf).status
    assert status is not None and status.ready_replicas == 1


async def test_a_name_that_another_machine_has_is_waited_for() -> None:
    shelf = Shelf(VMD, machine(name="web-1"), machine(name="web-9"), machine(name="webby-2"))
    made = reconciler(shelf)
    for _ in range(3):
        await look(made, shelf)
        serve(shelf, "web-2")
    assert machines(shelf)["web-1"].owner is None
    status = current(shelf).status
    assert status is not None and next(c.reason for c in status.conditions if c.type == "Ready") == "NameTaken"
    assert status.machines == ("web-2",)


def going(vmd: VirtualMachineDeployment, *finalizers: str) -> VirtualMachineDeployment:
    gone = {"deletion_timestamp": BORN, "finalizers": finalizers}
    return vmd.model_copy(update={"metadata": vmd.metadata.model_copy(update=gone)})


async def test_it_goes_after_its_machines_and_its_revisions() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    shelf.put(going(VMD))
    await look(made, shelf)
    assert all(vm.deleting for vm in machines(shelf).values()) and shelf.released == []
    assert sorted(let_go(shelf)) == ["web-1", "web-2"]
    assert await look(made, shelf) is GONE
    assert revisions(shelf) == [] and shelf.released == [KEY] and reasons(shelf)[-1] == "Deleted"


async def test_other_hosts_that_may_keep_disks_are_waited_for_at_its_end() -> None:
    shelf = Shelf(going(VMD))
    waiting = ["node-b"]
    made = reconciler(shelf, keepers=lambda vmd: waiting)
    step = await look(made, shelf)
    assert step is not GONE and shelf.released == []
    status = current(shelf).status
    assert status is not None and "node-b" in next(c.message for c in status.conditions if c.type == "Ready")
    waiting.clear()
    assert await look(made, shelf) is GONE


async def test_what_a_host_keeps_is_looked_for_at_the_end_only() -> None:
    class Broken(WorldHost):
        async def kept_disks(self, namespace: str, deployment: str, owner: str) -> tuple[KeptDisks, ...]:
            raise DriverError("the disk cannot be read")

    shelf = Shelf(VMD)
    made = DeploymentReconciler(shelf, Broken())  # type: ignore[arg-type]
    await look(made, shelf)
    assert len(machines(shelf)) == 2
    shelf.put(going(VMD))
    await look(made, shelf)  # its machines go first
    let_go(shelf)
    with pytest.raises(DriverError):
        await look(made, shelf)
    assert shelf.released == []


async def test_one_whose_machines_are_to_stay_is_left_alone() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    shelf.put(going(VMD, ORPHANING))
    assert (await look(made, shelf)).after is None
    assert not any(vm.deleting for vm in machines(shelf).values()) and shelf.told == []
    shelf.put(going(VMD, "somebody's"))
    await look(made, shelf)
    assert all(vm.deleting for vm in machines(shelf).values())


def test_a_deployment_rests_on_the_plugin_of_its_namespace() -> None:
    of = template().model_copy(update={"spec": template().spec.model_copy(update={"plugin_ref": PluginRef(name="app")})})
    made = VMD.model_copy(update={"spec": VMD.spec.model_copy(update={"template": of})})
    assert kind_of(made).rests_on(made) == (Key(Plugin.KIND, "default", "app"),)


@pytest.mark.parametrize("missing", [True, False])
async def test_without_its_plugin_no_machine_is_made(missing: bool) -> None:
    of = template().model_copy(update={"spec": template().spec.model_copy(update={"plugin_ref": None})})
    document = of.dump()
    document["spec"]["pluginRef"] = {"name": "app"}
    vmd = deployment(1, of=type(of).model_validate(document))
    spec = {"version": "1", "rootfs": {"url": "https://example.org/app.qcow2"}, "enabled": False}
    app = Plugin.model_validate({"metadata": {"name": "app"}, "spec": spec})
    shelf = Shelf(vmd, *([] if missing else [app]))
    made = reconciler(shelf)
    await made.reconcile(vmd)
    assert machines(shelf) == {}
    status = current(shelf).status
    assert status is not None
    failure = next(c for c in status.conditions if c.type == "ReplicaFailure")
    assert failure.reason == "MachinesRefused" and ("no plugin" if missing else "disabled") in failure.message


async def test_a_preview_writes_nothing() -> None:
    shelf = Shelf(VMD)
    _, observed, plan = await reconciler(shelf).preview(VMD)
    assert plan.actions and observed.replicas == () and shelf.told == [] and machines(shelf) == {}


async def test_what_is_known_is_known_since_it_all_was() -> None:
    shelf = Shelf(VMD)
    made = await at_rest(shelf)
    known = made._known_since[KEY]
    await look(made, shelf)
    assert made._known_since[KEY] == known
    vm = machines(shelf)["web-1"]
    assert vm.status is not None
    lost = vm.status.model_copy(update={"state": MachineState.UNKNOWN})
    shelf.resources[vm.key] = vm.model_copy(update={"status": lost})
    await look(made, shelf)
    assert KEY not in made._known_since
    serve(shelf)
    await look(made, shelf)
    assert made._known_since[KEY] > known


async def test_a_template_that_boots_from_nothing_makes_no_machine() -> None:
    spec = {"pluginRef": {"name": "app"}, "boot": {"order": ["rot"]}}
    vmd = deployment(1, of=MachineTemplate.model_validate({"spec": spec}))
    rootfs = {"version": "1", "rootfs": {"url": "https://example.org/app.qcow2"}}
    shelf = Shelf(vmd, Plugin.model_validate({"metadata": {"name": "app"}, "spec": rootfs}))
    await reconciler(shelf).reconcile(vmd)
    assert machines(shelf) == {}
    status = current(shelf).status
    assert status is not None and "BootOrderUnknown" in {c.reason for c in status.conditions}
