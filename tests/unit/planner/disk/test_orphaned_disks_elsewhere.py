"""Disks that nobody names: those that other hosts keep, and those of machines that are gone."""

from __future__ import annotations

from homeostat.planner.disk.orphans import RETAINED, UNREFERENCED, kept_on_hosts, of_a_machine
from homeostat.planner.orphans import ELSEWHERE, NO_DOMAIN, Orphan
from homeostat.planner.orphans import RETAINED as MACHINE_RETAINED

GONE = Orphan("default", "web", NO_DOMAIN, directory="/state/machines/default/web", disks=("root", "data"))


def test_what_other_hosts_keep_is_told_host_by_host_where_nobody_names_it() -> None:
    keeps = {"b": ["default/data", "prod/data"], "a": ["default/logs"]}
    found = kept_on_hosts(keeps, {("default", "data")})
    assert [(one.host, one.namespace, one.name, one.state, one.size) for one in found] == [
        ("a", "default", "logs", RETAINED, None),
        ("b", "prod", "data", RETAINED, None),
    ]
    assert found[1].path == "disks/prod/data/disk.img" and "Disk data again" in found[1].mend and "on b" in found[1].mend
    assert kept_on_hosts(keeps, ()) != found


def test_each_disk_of_a_machine_that_is_gone_is_one() -> None:
    found = list(of_a_machine("node", GONE, lambda orphan, disk: len(disk)))
    assert [(one.name, one.path, one.size, one.host) for one in found] == [
        ("web", "/state/machines/default/web/root.qcow2", 4, "node"),
        ("web", "/state/machines/default/web/data.qcow2", 4, "node"),
    ]
    assert found[0].was == "disk root of machine web"


def test_whether_somebody_decided_that_is_told() -> None:
    for state, said in ((NO_DOMAIN, UNREFERENCED), (MACHINE_RETAINED, RETAINED), (ELSEWHERE, RETAINED)):
        orphan = Orphan("default", "web", state, directory="/state/web", disks=("data",))
        assert [one.state for one in of_a_machine("", orphan, lambda orphan, disk: None)] == [said]


def test_those_of_a_domain_or_of_no_folder_are_none() -> None:
    with_domain = Orphan("default", "web", "running", domain="web", directory="/state/web", disks=("data",))
    for orphan in (with_domain, Orphan("default", "web", NO_DOMAIN, disks=("data",))):
        assert list(of_a_machine("", orphan, lambda orphan, disk: 1)) == []
