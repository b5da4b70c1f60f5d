"""What the definition looks like. After a wanted change: pytest --regenerate-golden, and read the diff."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from homeostat.driver.xml import build_domain, parse_domain
from tests.unit.configs import GOLDEN

FOLDER = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_definition_is_as_recorded(name: str, request: pytest.FixtureRequest) -> None:
    root = etree.fromstring(build_domain(GOLDEN[name]))
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode") + "\n"
    golden = FOLDER / f"{name}.xml"
    if request.config.getoption("--regenerate-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_the_password_is_read_back_where_libvirt_tells_it() -> None:
    config, text = GOLDEN["full"], build_domain(GOLDEN["full"])
    assert parse_domain(text) == config and "secret" in text
    assert config.vnc is not None and "secret" not in repr(parse_domain(text))
    untold = parse_domain(text.replace(' passwd="secret"', ""))
    assert untold == replace(config, vnc=replace(config.vnc, password=None))
