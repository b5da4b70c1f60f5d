"""A sound card and a watchdog of ours go with the spec; those that others added stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import WatchdogConfig
from tests.unit.configs import PLAIN

OURS = replace(PLAIN, sound="ac97", watchdog=WatchdogConfig("ib700", "poweroff"))


@pytest.mark.parametrize("tag", ["sound", "watchdog"])
def test_ours_goes_with_the_spec_and_that_of_others_stays(tag: str) -> None:
    theirs = build_domain(OURS).replace("</devices>", f"<{tag} model='es1370'/></devices>")
    assert parse_domain(theirs) == OURS
    both, none = (etree.fromstring(build_domain(config, theirs)) for config in (OURS, PLAIN))
    assert sorted(device.get("model", "") for device in both.iterfind(f"devices/{tag}"))[1:] == (
        ["es1370"] if tag == "sound" else ["ib700"]
    )
    assert [device.get("model") for device in none.iterfind(f"devices/{tag}")] == ["es1370"]
    assert parse_domain(etree.tostring(none, encoding="unicode")) == PLAIN


def test_hda_is_the_chip_of_its_chipset() -> None:
    for machine, chip in (("q35", "ich9"), ("pc-q35-7.2", "ich9"), ("pc", "ich6")):
        config = replace(PLAIN, machine=machine, sound="hda")
        assert f'<sound model="{chip}">' in build_domain(config) and parse_domain(build_domain(config)).sound == "hda"
