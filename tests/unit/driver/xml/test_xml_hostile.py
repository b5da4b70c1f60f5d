"""Domain XML may have been written by anybody on the host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import KernelBoot
from tests.unit.configs import PLAIN

BOMB = """<!DOCTYPE domain [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<domain type='qemu'><name>&c;</name></domain>"""
FILE = """<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain type='qemu'><name>&x;</name></domain>"""


@pytest.mark.parametrize("text", [BOMB, FILE, "", "not XML", "<domain>", "<domain/><domain/>"])
def test_what_is_no_plain_xml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"XML"):
        parse_domain(text)


def test_names_cannot_break_out_of_their_element() -> None:
    evil = "'/><disk type='file'/>\"&amp;<!-- "
    config = replace(PLAIN, kernel=KernelBoot("/k", None, evil))
    assert parse_domain(build_domain(config)) == config


def test_characters_that_xml_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="XML compatible"):
        build_domain(replace(PLAIN, kernel=KernelBoot("/k", None, "a\x00b")))


def test_an_almost_empty_domain_can_be_read() -> None:
    assert parse_domain("<domain type='lxc'><name>x</name></domain>").name == "x"
