"""The definition follows the files that the running guest writes to, and nothing else of what runs, whatever the policies say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.domain import BackingFile, DomainConfig
from homeostat.planner.machine.definition.definition import _on_running_files, plan_definition
from homeostat.planner.machine.desired import desired_domain
from homeostat.planner.plan import Disruption
from tests.unit.domains import on_file
from tests.unit.machines import IMAGE, changed, running

DISKS = [{"name": "root", "image": IMAGE}, {"name": "data", "size": "1Gi"}, {"name": "iso", "type": "cdrom", "image": IMAGE}]
WORLD, OPERATOR, VM = running(disks=DISKS)
SEEN = WORLD.observe(VM, OPERATOR.memory)
WANT = desired_domain(VM, SEEN)
BASE = (BackingFile("/state/images/a", "qcow2"),)


def opened(config: DomainConfig, name: str, **how: object) -> DomainConfig:
    disks = (replace(disk, **how) if disk.name == name else disk for disk in config.disks)  # type: ignore[arg-type]
    return replace(config, disks=tuple(disks))


def followed(config: DomainConfig, live: DomainConfig | None, want: DomainConfig = WANT) -> list[str]:
    """The disks that the definition has otherwise then."""
    after = _on_running_files(config, live, want)
    assert replace(after, disks=config.disks) == config
    return [a.name for a, b in zip(after.disks, config.disks, strict=True) if (a, a.chain, a.shared) != (b, b.chain, b.shared)]


def test_a_disk_goes_where_it_runs_and_is_to_be() -> None:
    behind = on_file(WANT, "data", "/old.qcow2")
    assert followed(behind, WANT) == ["data"]
    assert followed(behind, None) == [], "off, so that nothing is written anywhere"
    assert followed(behind, on_file(WANT, "data", "/elsewhere.qcow2")) == [], "it is not to be there"


def test_a_drive_keeps_the_medium_that_it_was_given() -> None:
    assert followed(on_file(WANT, "iso", "/other.iso"), WANT) == []


@pytest.mark.parametrize("name", ["root", "data"])
def test_the_files_below_it_are_named_as_they_are_known(name: str) -> None:
    other = opened(WANT, name, chain=(BackingFile("/other", "raw"),))
    assert followed(other, WANT) == [name] and followed(other, None) == [name]
    assert followed(other, WANT, opened(WANT, name, chain=None)) == [], "nobody knows them"
    assert followed(WANT, WANT, on_file(other, name, "/elsewhere.qcow2")) == [], "those of another file are no concern of it"


def test_a_medium_that_stays_root_s_is_so_in_the_definition() -> None:
    assert followed(WANT, WANT, opened(WANT, "iso", shared=True)) == ["iso"]


# What is told of it


def test_why_it_is_defined() -> None:
    gone = replace(SEEN, domain=None)
    assert plan_definition(VM, gone, WANT, "asked").reason == "its domain was undefined"
    fresh = replace(gone, storage=replace(SEEN.storage, created=False))
    assert plan_definition(VM, fresh, WANT, "asked").reason == "it does not exist yet"


def test_a_device_for_which_no_port_is_free_is_told_so_of_the_definition_too() -> None:
    wished = changed(VM, disks=[*DISKS, *({"name": f"d{number}", "size": "1Gi"} for number in range(5))])
    seen = WORLD.observe(wished, OPERATOR.memory)
    plan = plan_definition(wished, seen, desired_domain(wished, seen), "asked")
    told = {change.field: (change.disruption, "no PCI port is free" in change.new) for change in plan.changes}
    assert told["disks[d0]"] == (Disruption.LIVE, False) and told["disks[d4]"] == (Disruption.NEEDS_RESTART, True)


def test_until_the_guest_has_what_changed_its_definition_is_as_it_was_but_for_the_files_it_writes_to() -> None:
    assert SEEN.domain is not None and SEEN.domain.record is not None
    wished = changed(VM, nics=[{"name": "lan", "network": "default"}])
    want = desired_domain(wished, WORLD.observe(wished, OPERATOR.memory))
    behind = replace(SEEN, domain=replace(SEEN.domain, config=on_file(WANT, "data", "/old.qcow2"), live=WANT))
    plan = plan_definition(wished, behind, want, "asked")
    assert plan.define == want and plan.live and plan.meanwhile is not None
    assert [disk.source for disk in plan.meanwhile.disks] == [disk.source for disk in want.disks] and not plan.meanwhile.nics
    as_it_was = replace(SEEN, domain=replace(SEEN.domain, config=WANT, live=WANT))
    assert plan_definition(wished, as_it_was, want, "asked").meanwhile is None
