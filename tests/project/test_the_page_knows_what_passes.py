"""The page counts a machine among what needs somebody as `homeostat plan` does: by the reasons that do not pass by themselves."""

from __future__ import annotations

import re
from pathlib import Path

from homeostat.runtime.machine.foreseeing import PASSING

RESOURCES = Path(__file__).resolve().parents[2] / "web" / "page" / "api" / "resources.ts"
PROBED = {"NotReadyYet", "ReadinessLost"}
"""Reasons of Ready that no plan has: probes say them."""


def test_the_page_has_the_planners_reasons() -> None:
    written = re.search(r"const PASSING = new Set\(\[(.*?)\]\)", RESOURCES.read_text(encoding="utf-8"), re.DOTALL)
    assert written is not None
    assert set(re.findall(r'"(\w+)"', written.group(1))) == PASSING | PROBED
