"""What of an API server's object becomes the index's row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.planner.placement import host_finalizer, host_of
from homeostat.runtime.machine.commands import REPLACED
from homeostat.store.kubernetes.objects import GRACE, mirrored
from homeostat.store.placed import is_ours


def vm(**metadata: Any) -> dict[str, Any]:
    plain = {
        "name": "web",
        "namespace": "shop",
        "uid": "u1",
        "generation": 3,
        "resourceVersion": "17",
        "creationTimestamp": "2026-01-02T03:04:05Z",
    }
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": plain | metadata, "spec": {"a": 1}}


def test_the_columns() -> None:
    found = mirrored(vm(labels={"app": "web"}, finalizers=["x"]) | {"status": {"state": "Läuft"}})

    assert found.key == Key("VirtualMachine", "shop", "web")
    assert (found.uid, found.generation, found.resource_version) == ("u1", 3, "17")
    assert json.loads(found.metadata) == {"labels": {"app": "web"}}
    assert json.loads(found.spec) == {"a": 1}
    assert found.status == '{"state":"Läuft"}'
    assert json.loads(found.finalizers) == ["x"]
    assert (found.deleted, found.grace) == (None, None)


def test_an_object_of_the_cluster_has_no_namespace() -> None:
    host = vm()
    del host["metadata"]["namespace"]
    assert mirrored({**host, "kind": "Host"}).key == Key("Host", "default", "web")


def test_what_kubectl_remembers_is_left_out() -> None:
    noise = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "yes"}
    assert json.loads(mirrored(vm(annotations=noise)).metadata) == {"annotations": {"mine": "yes"}}


def owned(manager: str, *, note: bool, strategy: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{REPLACED}": {}}}} if note else {}
    return {"manager": manager, "fieldsV1": fields | ({"f:spec": {"f:runStrategy": {}}} if strategy else {})}


BOTH = owned("homeostat-api", note=True, strategy=True)
NOTED, HALTED = owned("homeostat-api", note=True, strategy=False), owned("homeostat-api", note=False, strategy=True)
EDITED = owned("kubectl-edit", note=False, strategy=True)


@pytest.mark.parametrize(
    ("strategy", "managed", "counts"),
    [
        ("Halted", [BOTH], True),
        ("Halted", [NOTED, HALTED], True),  # by two kinds of requests
        ("Halted", [BOTH, EDITED], True),  # others say the same
        ("Halted", [], True),  # nobody knows
        ("Halted", [NOTED, EDITED], False),  # it ran in between, or was halted by hand
        ("Halted", [NOTED], False),
        ("Halted", [EDITED], False),
        ("Always", [BOTH], False),
        (None, [NOTED], False),
        (None, [], False),
    ],
)
def test_what_stop_noted_counts_while_the_strategy_is_its_own(strategy: str | None, managed: list[Any], counts: bool) -> None:
    stopped = vm(annotations={REPLACED: "Once", "mine": "yes"}, managedFields=managed)
    stopped["spec"] = {"runStrategy": strategy} if strategy else {}
    wanted = {"mine": "yes"} | ({REPLACED: "Once"} if counts else {})
    assert json.loads(mirrored(stopped).metadata) == {"annotations": wanted}


@pytest.mark.parametrize(("annotation", "grace"), [(None, None), ("0", 0), ("30", 30), ("-1", None), ("soon", None), ("٣", None)])
def test_the_grace_is_the_annotations_not_the_servers(annotation: str | None, grace: int | None) -> None:
    """The server says 0 of every custom resource; read as ours it would cut the power."""
    given = {GRACE: annotation} if annotation is not None else {}
    deleted = vm(deletionTimestamp="2026-01-02T03:04:06Z", deletionGracePeriodSeconds=0, annotations=given)
    assert mirrored(deleted).grace == grace
    assert mirrored(vm(annotations=given)).grace is None


@pytest.mark.parametrize("host", ["node", "node-1.example.org"])
def test_a_placement_is_a_finalizer(host: str) -> None:
    assert host_of(["other/finalizer", host_finalizer(host)]) == host
    assert is_ours(host_finalizer(host))
    assert host_of(["homeostat.dev/teardown"]) is None
    assert not is_ours("foregroundDeletion")


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises((KeyError, TypeError)):
        mirrored({"kind": "VirtualMachine", "metadata": {"name": "web"}})
