"""QEMU arguments of the spec stand apart from those of nics, and from those that others added."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.planner.domain import DomainType, SmbiosConfig
from tests.unit.configs import FORWARDED, PLAIN

OURS = ("-device", "usb-kbd", "-no-hpet")
UUID = "11111111-2222-4333-8444-555555555555"
COMMANDLINE = "{http://libvirt.org/schemas/domain/qemu/1.0}commandline"


def values(text: str) -> list[str | None]:
    return [child.get("value") for child in etree.fromstring(text).iterfind(f"{COMMANDLINE}/*")]


def with_others(text: str, *words: str, first: bool = False) -> str:
    root = etree.fromstring(text)
    commandline: Any = root.find(COMMANDLINE)
    for place, word in enumerate(words):
        child = etree.Element(f"{COMMANDLINE[:-11]}arg", value=word)
        commandline.insert(place if first else len(commandline), child)
    return etree.tostring(root, encoding="unicode")


def test_they_are_replaced_and_those_of_others_stay() -> None:
    config = replace(FORWARDED, qemu_arguments=OURS)
    for first in (True, False):
        before = with_others(build_domain(config), "-usb", "-no-hpet", first=first)
        assert parse_domain(before) == config
        again = build_domain(replace(config, qemu_arguments=("-singlestep",)), before)
        assert values(again)[-2:] == ["-usb", "-no-hpet"] and values(again).count("-singlestep") == 1
        assert "usb-kbd" not in values(again)
        none = build_domain(replace(PLAIN, qemu_arguments=None), before)
        assert values(none) == ["-usb", "-no-hpet"] and parse_domain(none) == PLAIN


def test_what_others_took_out_of_qemus_list_is_drift() -> None:
    text = build_domain(replace(PLAIN, qemu_arguments=OURS)).replace('<qemu:arg value="-no-hpet"/>', "")
    assert parse_domain(text).qemu_arguments is None


def test_the_guest_sees_a_uuid_of_its_own_and_the_domain_keeps_its() -> None:
    for smbios in (SmbiosConfig(uuid=UUID), SmbiosConfig(serial="S-1", uuid=UUID)):
        for words in (None, OURS):
            config = replace(PLAIN, smbios=smbios, qemu_arguments=words)
            text = build_domain(config)
            assert values(text) == ["-smbios", f"type=1,uuid={UUID}", *(words or ())]
            assert ("<sysinfo" in text) == (smbios.serial is not None) and f"<uuid>{PLAIN.uuid}</uuid>" in text
            assert parse_domain(text) == config
            assert values(build_domain(PLAIN, text)) == []


def test_the_test_driver_which_drops_them_has_them_in_the_metadata() -> None:
    config = replace(PLAIN, type=DomainType.TEST, smbios=SmbiosConfig(uuid=UUID), qemu_arguments=OURS)
    text = build_domain(config)
    assert values(text) == [] and parse_domain(text) == config
    assert parse_domain(build_domain(config, text)) == config
