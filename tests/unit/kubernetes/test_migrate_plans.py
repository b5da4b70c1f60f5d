"""What is moved between a folder and a cluster, in which order, and what is not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from homeostat.models.base import IDENTITY, Key, Resource
from homeostat.models.deployment import HELD
from homeostat.models.kinds import STORED
from homeostat.planner.placement import PLACEMENTS
from homeostat.store.index.row import Row
from homeostat.store.migrate.inward import plan_inward, plan_rest_inward
from homeostat.store.migrate.outward import Here, plan_outward
from homeostat.store.migrate.steps import (
    HandOver,
    HoldResource,
    LetGoResource,
    Migration,
    PutResource,
    ReleaseObject,
    WriteDocument,
    identity_of,
    uid_in_folder,
)

INSTANCE = uuid.UUID(int=7)
HERE = Here("node", INSTANCE)
ON_NODE, ON_OTHER = "node.host.homeostat.dev/teardown", "other.host.homeostat.dev/teardown"
Spec = dict[str, Any]


def thing(kind: str, name: str, spec: Spec | None = None, **metadata: Any) -> Resource:
    meta = {"name": name, "uid": f"uid-{name}", "generation": 1, **metadata}
    return STORED[kind].model_validate({"metadata": meta, "spec": spec or {}})


def web(replicas: int = 1, **metadata: Any) -> Resource:
    spec = {"replicas": replicas, "stateful": True, "strategy": {"type": "Recreate"}, "template": {"spec": {}}}
    return thing("VirtualMachineDeployment", "web", spec, **metadata)


def owned(name: str, **metadata: Any) -> Resource:
    owner = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "name": "web", "uid": "uid-web"}
    return thing("VirtualMachine", name, ownerReferences=[owner], **metadata)


def host(name: str) -> Resource:
    return thing("Host", name)


def row(resource: Resource) -> Row:
    """As a cluster's mirror has it."""
    meta = resource.metadata
    shown = {"annotations": dict(meta.annotations)}
    place = (resource.kind, meta.namespace, meta.name, meta.uid)
    spec, finalizers = json.dumps(resource.dump()["spec"]), json.dumps(meta.finalizers)
    return Row(*place, 1, 1, 1, json.dumps(shown), spec, None, None, None, None, None, "9", "", None, None, finalizers)


def cluster(*resources: Resource) -> Mapping[Key, Row]:
    return {resource.key: row(resource) for resource in resources}


def put(plan: Migration) -> dict[str, Resource]:
    assert plan.refusals == ()
    return {f"{s.resource.kind}/{s.resource.metadata.name}": s.resource for s in plan.steps if isinstance(s, PutResource)}


def test_owners_go_first_and_deployments_are_held() -> None:
    db, replica = thing("VirtualMachine", "db"), owned("web-1")
    found = put(plan_outward([db, replica, web()], {}, {"default"}, HERE))

    assert list(found) == ["VirtualMachineDeployment/web", "VirtualMachine/db", "VirtualMachine/web-1"]
    assert found["VirtualMachineDeployment/web"].metadata.annotations[HELD] == str(INSTANCE)
    assert found["VirtualMachine/db"].metadata.annotations == {IDENTITY: "default/db/uid-db"}


def test_a_host_of_the_folder_is_refused_by_name() -> None:
    plan = plan_outward([host("cellar"), thing("VirtualMachine", "mail")], {}, ["default"], HERE)
    assert len(plan.refusals) == 1 and plan.refusals[0].startswith("Host/default/cellar: a cluster has Hosts of its own")


def kept(**metadata: Any) -> list[Resource]:
    """A Disk, a schedule, a snapshot that it made, and one that somebody made, all of machine `db`."""
    of, marks = {"machineRef": {"name": "db"}}, {"finalizers": ["homeostat.dev/teardown"], **metadata}
    owner = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "SnapshotSchedule", "name": "nightly", "uid": "uid-nightly"}
    made = {"ownerReferences": [{**owner, "controller": True}]}
    return [
        thing("Disk", "letters", {"size": "1Gi"}, **marks),
        thing("SnapshotSchedule", "nightly", {"template": {"spec": of}, "schedule": "0 0 * * *"}),
        thing("Snapshot", "nightly-1", of, **marks, **made),
        thing("Snapshot", "before", of, **marks),
    ]


def test_disks_and_snapshots_go_with_their_host_and_a_schedule_is_held() -> None:
    db = thing("VirtualMachine", "db")
    plan = plan_outward([*kept(), db], {}, {"default"}, HERE)
    found = put(plan)
    assert list(found) == [
        *("Disk/letters", "VirtualMachine/db", "SnapshotSchedule/nightly", "Snapshot/before", "Snapshot/nightly-1"),
    ]
    finalizers = {s.resource.metadata.name: s.finalizers for s in plan.steps if isinstance(s, PutResource)}
    assert finalizers == {**dict.fromkeys(("letters", "db", "before", "nightly-1"), (ON_NODE,)), "nightly": ()}
    assert found["SnapshotSchedule/nightly"].metadata.annotations[HELD] == str(INSTANCE)
    assert found["Disk/letters"].metadata.annotations == {IDENTITY: "default/letters/uid-letters"}
    assert [s.key.name for s in plan.steps if isinstance(s, LetGoResource)] == ["nightly"], "after the state was handed over"
    assert isinstance(plan.steps[-2], HandOver)


def test_a_disk_that_came_to_the_host_meanwhile_is_no_part_of_it() -> None:
    other = thing("Disk", "other", {"size": "1Gi"}, finalizers=[ON_NODE])
    plan = plan_outward([thing("VirtualMachine", "db")], cluster(other), {"default"}, HERE)
    assert plan.refusals and plan.refusals[0].startswith("host node of the cluster has Disk/default/other")


def test_they_are_brought_home_with_their_host() -> None:
    db, far = thing("VirtualMachine", "db", finalizers=[ON_NODE]), thing("Disk", "far", {"size": "1Gi"}, finalizers=[ON_OTHER])
    there = [host("node"), host("other"), db, far, *kept(finalizers=[ON_NODE])]
    plan = plan_inward(there, {}, "node", INSTANCE)
    assert plan.refusals == ()
    assert [s.key.name for s in plan.steps if isinstance(s, HoldResource)] == ["nightly"]
    written = {s.resource.metadata.name: s.resource for s in plan.steps if isinstance(s, WriteDocument)}
    assert sorted(written) == ["before", "db", "letters", "nightly"], "what a schedule made has no document"
    assert written["letters"].metadata.annotations == {IDENTITY: "default/letters/uid-letters"}
    assert written["nightly"].metadata.annotations == {}
    index = next(s for s in plan.steps if isinstance(s, HandOver)).index
    made = next(r for r in index if r.metadata.name == "nightly-1")
    assert made.metadata.owner_references[0].uid == uid_in_folder(INSTANCE, Key("SnapshotSchedule", "default", "nightly"))
    released = [s.key.name for s in plan.steps if isinstance(s, ReleaseObject)]
    assert released == ["nightly-1", "nightly", "before", "db", "letters"], "owners after what they own"

    rest = [r for r in there if r.metadata.name not in released[:2]]
    known = {r.key: r for r in index}
    assert [s.key.name for s in plan_rest_inward(rest, known, "node").steps] == released[2:]  # type: ignore[union-attr]
    strange = thing("Disk", "new", {"size": "1Gi"}, finalizers=[ON_NODE])
    assert "came there since" in plan_rest_inward([*rest, strange], known, "node").refusals[0]


def test_the_schedule_of_another_hosts_machine_stays() -> None:
    far = thing("VirtualMachine", "db", finalizers=[ON_OTHER])
    plan = plan_inward([host("node"), host("other"), far, *kept(finalizers=[ON_OTHER])], {}, "node", INSTANCE)
    assert not [s for s in plan.steps if isinstance(s, WriteDocument | HoldResource | ReleaseObject)]


def test_disks_that_wait_for_their_index_are_placed() -> None:
    kept = {
        Key("VirtualMachine", space, name) for space, name in [("default", "web-3"), ("default", "web-x"), ("other", "web-4")]
    }
    found = put(plan_outward([web()], {}, {"default"}, Here("node", INSTANCE, kept)))

    assert json.loads(found["VirtualMachineDeployment/web"].metadata.annotations[PLACEMENTS]) == {"web-3": "node"}


def test_what_an_earlier_attempt_left_is_gone_over_again() -> None:
    db = thing("VirtualMachine", "db")
    left = thing("VirtualMachine", "db", uid="cluster's", annotations={IDENTITY: identity_of(db)}, finalizers=[ON_NODE])

    assert list(put(plan_outward([db], cluster(left), {"default"}, HERE))) == ["VirtualMachine/db"]
    refused = plan_outward([db], cluster(left), {"default"}, Here("another", INSTANCE)).refusals
    assert refused == ("VirtualMachine/default/db was begun to be migrated to host node: go on with --host node",)


def test_the_clusters_own_plugin_serves_where_it_is_the_same() -> None:
    spec = {"version": "1", "rootfs": {"path": "/root.qcow2"}}
    same = plan_outward(
        [thing("Plugin", "page", spec)], cluster(thing("Plugin", "page", {**spec, "enabled": True})), {"default"}, HERE
    )
    other = plan_outward(
        [thing("Plugin", "page", spec)], cluster(thing("Plugin", "page", {**spec, "version": "2"})), {"default"}, HERE
    )

    assert put(same) == {} and len(same.notes) == 1
    assert "exists in the cluster already" in other.refusals[0]


def test_a_host_is_brought_home_and_others_are_left() -> None:
    mine, theirs = thing("VirtualMachine", "db", finalizers=[ON_NODE]), thing("VirtualMachine", "far", finalizers=[ON_OTHER])
    waiting = thing("VirtualMachine", "new")
    plan = plan_inward([host("node"), host("other"), mine, theirs, waiting], {}, "node", INSTANCE)

    assert plan.refusals == ()
    assert [s.key.name for s in plan.steps if isinstance(s, ReleaseObject)] == ["db"]
    written = next(s.resource for s in plan.steps if isinstance(s, WriteDocument))
    assert written.metadata.annotations == {IDENTITY: "default/db/uid-db"}, "in the folder its uid would be another one"


def test_replicas_get_their_owner_of_the_folder() -> None:
    marks = {HELD: "x", PLACEMENTS: '{"web-1":"node"}'}
    own = {IDENTITY: f"default/web-1/{uid_in_folder(INSTANCE, Key('VirtualMachine', 'default', 'web-1'))}"}
    plan = plan_inward(
        [host("node"), web(annotations=marks), owned("web-1", annotations=own, finalizers=[ON_NODE])], {}, "node", INSTANCE
    )

    index = next(s for s in plan.steps if isinstance(s, HandOver)).index
    replica = next(r for r in index if r.metadata.name == "web-1")
    assert replica.metadata.owner_references[0].uid == uid_in_folder(INSTANCE, web().key)
    assert all(r.metadata.annotations == {} for r in index), "what the cluster needed of them is no more"


def test_a_scattered_deployment_stays() -> None:
    far = owned("web-2", finalizers=[ON_OTHER])
    placed = web(annotations={PLACEMENTS: '{"web-3":"other"}'})
    refusals = plan_inward(
        [host("node"), host("other"), placed, owned("web-1", finalizers=[ON_NODE]), far], {}, "node", INSTANCE
    ).refusals

    assert [reason.split(":")[0] for reason in refusals] == [
        "VirtualMachine/default/web-2 of VirtualMachineDeployment/default/web is on host other",
        "the disks of web-3 of VirtualMachineDeployment/default/web are on host other",
    ]


def test_only_what_the_folder_has_leaves_the_cluster_later() -> None:
    db = thing("VirtualMachine", "db", finalizers=[ON_NODE])
    known = thing("VirtualMachine", "db", uid="folder's", annotations={IDENTITY: identity_of(db)})

    assert plan_rest_inward([host("node"), db], {db.key: known}, "node").refusals == ()
    assert plan_rest_inward([host("node"), db], {}, "node").refusals != ()
