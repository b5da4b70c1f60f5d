"""In a cluster, a machine's domain that runs on a second host, as that host reports it."""

from __future__ import annotations

import pytest

from homeostat.assembly.hosts_served import READ_SECONDS, Twins
from homeostat.models.condition import READY, Condition, ConditionStatus
from homeostat.models.host import Host, HostMeta, HostOrphan, HostSpec, HostStatus
from tests.unit.machines import machine

VM = machine()
RUNS = HostOrphan(namespace="default", name=VM.metadata.name, state="running", domain="web", twin=True)


def host(name: str, *orphans: HostOrphan, ready: ConditionStatus = "True", known: bool = True) -> Host:
    conditions = (Condition(type=READY, status=ready, reason="Connected"),)
    status = HostStatus(conditions=conditions, orphans=orphans, orphansKnown=known)
    return Host(metadata=HostMeta(name=name), spec=HostSpec(), status=status)


def test_it_is_not_started_where_another_host_runs_it() -> None:
    found = Twins(lambda: [host("a"), host("b", RUNS)]).runs_elsewhere(VM, "a")
    assert found is not None and found.reason == "OnAnotherHost"
    assert "runs on host b" in found.message and "`virsh undefine web` there" in found.message


@pytest.mark.parametrize(
    "other",
    [
        host("a", RUNS),  # itself
        host("b", RUNS.model_copy(update={"state": "shutoff"})),
        host("b", RUNS.model_copy(update={"twin": False})),  # of another machine of that name
        host("b", RUNS.model_copy(update={"name": "other"})),
        host("b", RUNS, ready="Unknown"),  # what it said may be so no longer
        host("b", RUNS, known=False),
        Host(metadata=HostMeta(name="b"), spec=HostSpec()),
    ],
)
def test_else_nothing_keeps_it(other: Host) -> None:
    assert Twins(lambda: [other]).runs_elsewhere(VM, "a") is None


def test_hosts_are_read_once_for_many_machines() -> None:
    reads, now = [0], [100.0]

    def hosts() -> list[Host]:
        reads[0] += 1
        return [host("b", RUNS)] if reads[0] == 1 else []

    twins = Twins(hosts, lambda: now[0])
    assert all(twins.runs_elsewhere(VM, "a") for _ in range(100)) and reads == [1]
    now[0] += READ_SECONDS
    assert twins.runs_elsewhere(VM, "a") is None and reads == [2]
