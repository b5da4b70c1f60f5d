"""Limits of a disk that we set are ours to lift; those that others set stay until the spec names some."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.driver.xml.devices.disks import block_io_tune
from homeostat.planner.domain import DomainConfig, LimitsConfig
from tests.unit.configs import PLAIN

LIMITS = LimitsConfig(15_000_000, 25_000_000, 1000, 1500)
THEIRS = "<iotune><read_bytes_sec>9</read_bytes_sec></iotune>"


def limited(limits: LimitsConfig | None) -> DomainConfig:
    (disk,) = PLAIN.disks
    return replace(PLAIN, disks=(replace(disk, limits=limits),))


def redefined(config: DomainConfig, observed: str) -> etree._Element:
    return etree.fromstring(build_domain(config, observed))


def test_ours_are_changed_and_lifted() -> None:
    before = build_domain(limited(LIMITS))
    again = redefined(limited(replace(LIMITS, iops=None, iops_burst=None)), before)
    assert [child.tag for child in again.iterfind("devices/disk/iotune/*")] == [
        "total_bytes_sec",
        "total_bytes_sec_max",
        "group_name",
    ]
    assert redefined(PLAIN, before).find("devices/disk/iotune") is None


def test_those_of_others_stay_and_are_not_ours() -> None:
    theirs = build_domain(PLAIN).replace("<alias", f"{THEIRS}<alias", 1)
    assert parse_domain(theirs) == PLAIN
    assert redefined(PLAIN, theirs).find("devices/disk/iotune/read_bytes_sec") is not None
    assert [child.tag for child in redefined(limited(LIMITS), theirs).iterfind("devices/disk/iotune")] == ["iotune"]
    assert redefined(limited(LIMITS), theirs).find("devices/disk/iotune/read_bytes_sec") is None


def test_what_others_added_to_ours_is_seen() -> None:
    text = build_domain(limited(LIMITS)).replace("</iotune>", "<write_iops_sec>7</write_iops_sec></iotune>")
    text = text.replace("</iotune>", "<total_iops_sec_max_length>3</total_iops_sec_max_length></iotune>")
    assert parse_domain(text) == limited(replace(LIMITS, others="write_iops_sec 7"))


def test_a_change_while_it_runs_lifts_all_else() -> None:
    (disk,) = limited(LIMITS).disks
    told = block_io_tune(disk)
    assert {name: value for name, value in told.items() if value} == {
        "total_bytes_sec": 15_000_000,
        "total_bytes_sec_max": 25_000_000,
        "total_iops_sec": 1000,
        "total_iops_sec_max": 1500,
        "group_name": "homeostat-root",
    }
    assert set(block_io_tune(PLAIN.disks[0]).values()) == {0} and len(told) == 13
