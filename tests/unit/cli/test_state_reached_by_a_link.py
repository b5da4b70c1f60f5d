"""A state folder reached by a link and by its real path is one, in every path of a disk (CHAOS 9)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.cli.settings import CliSettings
from homeostat.planner.domain import DomainConfig
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import RememberedActs
from homeostat.runtime.machine.observe import by_real_paths
from homeostat.store.files.state import StateFolder
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, machine
from tests.unit.world import HOST, World


@pytest.fixture
def link(tmp_path: Path) -> Path:
    (tmp_path / "real" / "machines" / "default" / "web").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    return tmp_path / "link"


def test_chaos_9_both_ways_to_the_state_folder_give_one_path(link: Path) -> None:
    real = link.parent / "real"
    assert StateFolder.open(link).root == StateFolder.open(real).root == real
    assert CliSettings(given_state=str(link)).state == CliSettings(given_state=str(real)).state == real


def test_chaos_9_a_domain_that_carries_the_link_is_left_as_it_is(link: Path) -> None:
    real = str(link.parent / "real")
    world = World(host=replace(HOST, storage_root=real))
    vm = machine(disks=[{"name": "root", "image": IMAGE}, {"name": "data", "size": "1Gi"}], cloudInit={"userData": "#!/bin/sh\n"})
    Operator(world).settle(vm)

    def linked(config: DomainConfig | None) -> DomainConfig:
        assert config is not None
        disks = tuple(replace(disk, source=(disk.source or "").replace(real, str(link))) for disk in config.disks)
        return replace(config, disks=disks, console_log=(config.console_log or "").replace(real, str(link)))

    assert world.domain is not None
    world.domain.config, world.domain.live = linked(world.domain.config), linked(world.domain.live)
    observed = world.observe(vm, RememberedActs())
    assert observed.domain is not None
    assert plan_machine(vm, observed, 0.0).actions, "or this tests nothing"
    settled = replace(observed, domain=by_real_paths(observed.domain, real))
    assert not plan_machine(vm, settled, 0.0).actions
    assert by_real_paths(settled.domain, real) is settled.domain  # type: ignore[arg-type]


def test_paths_of_others_are_left_as_they_are(link: Path) -> None:
    world, vm = World(), machine(disks=[{"name": "data", "size": "1Gi"}])
    Operator(world).settle(vm)
    domain = world.observe(vm, RememberedActs()).domain
    assert domain is not None and by_real_paths(domain, str(link.parent / "real")) is domain
