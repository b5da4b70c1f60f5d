"""The serial console: a pty for `homeostat console`, copied to a file for `homeostat logs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from ..elements import Element, attribute, element

PARENT = "devices"


def build(config: DomainConfig) -> Iterator[Element]:
    serial = element("serial", type_="pty")
    if config.console_log is not None:
        # Appended to, so that a guest's last words before a crash are not lost with its next start.
        serial.append(element("log", file=config.console_log, append="on"))
    serial.append(element("target", type_="isa-serial", port="0"))
    yield serial
    yield element("console", None, element("target", type_="serial", port="0"), type_="pty")


def parse(root: Element) -> dict[str, Any]:
    return {"console_log": attribute(root, "devices/serial/log", "file")}
