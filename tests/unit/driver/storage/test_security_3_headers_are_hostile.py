"""A header that a guest's QEMU could have written: what it names is not opened, and the machine is not started with it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.driver.errors import HeaderAltered
from homeostat.driver.storage.disks.chains import read_chain
from homeostat.driver.storage.disks.disks import grow_disk, read_disk
from homeostat.driver.storage.paths import Rooms
from homeostat.driver.xml import build_domain, parse_domain, parse_xml
from homeostat.planner.actions import AttachDisk, GrowDisk, StartDomain
from homeostat.planner.domain import BackingFile
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import ObservedDisk
from homeostat.planner.plan import Plan, Stalled
from tests.unit.driving import Operator
from tests.unit.images import qcow2
from tests.unit.machines import changed, machine, running
from tests.unit.world import ROOT, World

IMAGE = {"url": "https://example.org/debian.qcow2"}
OWN = f"{ROOT}/machines/default/web/root.qcow2"
HOSTILE = [
    "/etc/shadow",
    f"{ROOT}/machines/default/other/root.qcow2",
    f"{ROOT}/machines/default/web/../other/root.qcow2",
    f"{ROOT}/images/../index.sqlite",
    f"{ROOT}/index.sqlite",
    f"{ROOT}/trash/entry/root.qcow2",
    "nbd:127.0.0.1:10809",
    'json:{"driver":"nbd","host":"h"}',
    "fat:rw:/etc",
    "/dev/sda",
    "images/x.img",
    "",
]


def off(**spec: object) -> tuple[World, Operator]:
    world, operator, vm = running(disks=[{"name": "root", "image": IMAGE, "size": "2G"}], **spec)
    operator.settle(changed(vm, runStrategy="Halted"))
    return world, operator


def plan_with(world: World, operator: Operator, backing: str | None, data_file: bool = False, **spec: object) -> Plan:
    vm = machine(**{"disks": [{"name": "root", "image": IMAGE, "size": "2G"}], **spec})  # type: ignore[arg-type]
    observed = world.observe(vm, operator.memory)
    disk = observed.storage.disks[OWN]
    disks = {**observed.storage.disks, OWN: ObservedDisk(OWN, disk.virtual_size, backing, data_file)}
    return plan_machine(vm, replace(observed, storage=replace(observed.storage, disks=disks)), operator.now)


@pytest.mark.parametrize("backing", HOSTILE)
def test_it_is_not_started(backing: str) -> None:
    plan = plan_with(*off(), backing)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskHeaderAltered"
    assert not any(isinstance(action, StartDomain) for action in plan.actions)
    assert OWN in plan.outcome.message and "backup" in plan.outcome.message


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=60))
def test_no_name_is_taken_but_the_one_it_was_made_with(backing: str) -> None:
    world, operator = _OFF
    plan = plan_with(world, operator, backing)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskHeaderAltered"


_OFF = off()


def test_another_image_of_the_cache_is_no_image_of_this_disk() -> None:
    plan = plan_with(*off(), f"{ROOT}/images/of-somebody-else.img")
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskHeaderAltered"


def test_contents_in_another_file() -> None:
    world, operator = off()
    base = world.observe(machine(disks=[{"name": "root", "image": IMAGE}]), operator.memory).storage.disks[OWN].backing
    plan = plan_with(world, operator, base, data_file=True)
    assert isinstance(plan.outcome, Stalled) and "the place of its contents" in plan.outcome.message
    assert not any(isinstance(action, StartDomain) for action in plan.actions)


def test_what_runs_goes_on_and_is_neither_grown_nor_given_a_disk() -> None:
    world, operator, _ = running(disks=[{"name": "root", "image": IMAGE, "size": "2G"}])
    disks = [{"name": "root", "image": IMAGE, "size": "4G"}, {"name": "more", "size": "1G"}]
    plan = plan_with(world, operator, "/etc/shadow", disks=disks)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskHeaderAltered"
    assert not any(isinstance(action, GrowDisk | AttachDisk) for action in plan.actions)


def test_its_own_image_and_a_flattened_disk_start() -> None:
    world, operator = off()
    base = world.observe(machine(disks=[{"name": "root", "image": IMAGE}]), operator.memory).storage.disks[OWN].backing
    for backing in (base, None):
        assert any(isinstance(action, StartDomain) for action in plan_with(world, operator, backing).actions)


def test_the_definition_names_the_whole_chain_so_that_no_header_is_followed() -> None:
    world, _, _ = running(disks=[{"name": "root", "image": IMAGE}, {"name": "data", "size": "1G"}])
    assert world.domain and world.domain.config
    config = world.domain.config
    root, data = config.disks
    assert root.chain == (BackingFile(root.chain[0].path, "qcow2"),) if root.chain else False
    assert data.chain == ()
    text = build_domain(config, None)
    for disk in parse_xml(text).iterfind("devices/disk"):
        last = list(disk.iterfind(".//backingStore"))[-1]
        assert len(last) == 0 and not last.attrib, "an empty element ends it"
    assert [disk.chain for disk in parse_domain(text).disks] == [root.chain, data.chain]


@pytest.mark.parametrize("policy", [{}, {"driftPolicy": "Report"}, {"updatePolicy": "Never"}])
def test_definitions_of_earlier_versions_are_given_it_once(policy: dict[str, str]) -> None:
    world, operator, vm = running(disks=[{"name": "root", "image": IMAGE}], **policy)
    domain = world.domain
    assert domain is not None and domain.config is not None
    domain.config = replace(domain.config, disks=tuple(replace(disk, chain=None) for disk in domain.config.disks))
    operator.settle(vm)
    assert world.domain and world.domain.config and world.domain.config.disks[0].chain, "it is in the next boot"
    assert [type(action).__name__ for action in operator.done] == ["DefineDomain"], "and nothing else is done"


def test_nothing_that_it_names_is_opened(tmp_path: Path) -> None:
    secret, disk = tmp_path / "secret", tmp_path / "machine" / "root.qcow2"
    disk.parent.mkdir()
    secret.write_bytes(qcow2())
    disk.write_bytes(qcow2(backing=str(secret)))
    opened = []
    real = os.open

    def watched(path: str, *rest: int) -> int:
        opened.append(path)
        return real(path, *rest)

    with patch("homeostat.driver.storage.disks.chains.os.open", watched):
        chain = read_chain(str(disk), [str(disk)])
    assert opened == [str(disk)] and str(secret) in chain.altered
    assert read_disk(str(disk)).backing == str(secret)


def test_what_the_definition_names_is_followed(tmp_path: Path) -> None:
    away, own = tmp_path / "away", tmp_path / "machine" / "root.qcow2"
    away.mkdir()
    own.parent.mkdir()
    own.write_bytes(qcow2())
    (away / "one").write_bytes(qcow2(backing=str(own)))
    (away / "two").write_bytes(qcow2(backing="one"))
    named = str(away / "one")
    assert len(read_chain(str(away / "two"), [str(own)], [named]).files) == 3
    assert named in read_chain(str(away / "two"), [str(own)]).altered


@pytest.mark.parametrize("hostile", [{"backing": "/etc/shadow"}, {"incompatible": 4}])
async def test_it_is_not_grown(tmp_path: Path, hostile: dict[str, object]) -> None:
    rooms = Rooms(tmp_path, None)
    disk = rooms.machines / "default" / "web" / "root.qcow2"
    disk.parent.mkdir(parents=True)
    disk.write_bytes(qcow2(**hostile))  # type: ignore[arg-type]
    with pytest.raises(HeaderAltered), patch.object(subprocess, "Popen", side_effect=AssertionError):
        await grow_disk(rooms, GrowDisk("u", str(disk), 2**30, None, "test"))


@pytest.mark.parametrize(
    "backing",
    [
        'json:{"driver":"qcow2","file":{"driver":"file","filename":"OWN"},"backing":"/etc/shadow"}',
        'json:{"file":{"filename":"OWN"},"data-file":{"filename":"/etc/shadow"}}',
        'json:{"filename":"/etc/shadow","file":{"filename":"OWN","x":["/etc/shadow"]}}',
    ],
)
def test_a_name_with_others_in_it_is_none_of_ours(tmp_path: Path, backing: str) -> None:
    own = tmp_path / "root.qcow2"
    own.write_bytes(qcow2())
    (tmp_path / "one").write_bytes(qcow2(backing=backing.replace("OWN", str(own))))
    chain = read_chain(str(tmp_path / "one"), [str(own)])
    assert chain.altered and len(chain.files) == 1


def test_an_overlay_with_its_contents_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(qcow2(incompatible=4))
    assert "the place of its contents" in read_chain(str(tmp_path / "one"), [str(tmp_path / "root.qcow2")]).altered


def test_the_chain_of_a_disk_that_others_moved_is_carried_over() -> None:
    world, _, _ = running(disks=[{"name": "root", "image": IMAGE}])
    assert world.domain and world.domain.config
    moved = replace(world.domain.config.disks[0], source="/away/one", chain=(BackingFile(OWN, "qcow2"), BackingFile("/b", "raw")))
    observed = build_domain(replace(world.domain.config, disks=(moved,)), None)
    ours = replace(world.domain.config, disks=(replace(moved, chain=None, shared=False),))
    assert parse_domain(build_domain(ours, observed)).disks[0].chain == moved.chain
