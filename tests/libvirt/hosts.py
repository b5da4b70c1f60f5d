"""Hosts on libvirt's test driver, and a second connection to it: somebody else on the same host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from homeostat.planner.domain import DomainConfig, DomainType
from tests.rig.waiting import Patience
from tests.unit.configs import PLAIN

EMPTY_NODE = """<node><name>test</name><cpu><mhz>2000</mhz><model>test</model><active>4</active><nodes>1</nodes>
<sockets>1</sockets><cores>4</cores><threads>1</threads></cpu><memory>16777216</memory>
<network><name>default</name><bridge name='virbr9'/><ip address='192.168.9.1' netmask='255.255.255.0'/></network></node>"""


WEB = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: web}
spec: {resources: {memory: 64Mi}}
"""


def isolated_uri(folder: Path) -> str:
    """A test host of one connection's own; test:///default is one for the whole program."""
    path = folder / "node.xml"
    path.write_text(EMPTY_NODE, encoding="utf-8")
    return f"test://{path}"


def machine(name: str | None = None) -> DomainConfig:
    uuid = str(uuid4())
    return replace(PLAIN, type=DomainType.TEST, name=name or f"m-{uuid[:8]}", uuid=uuid)


async def until(condition: Callable[[], object], what: str, timeout: float = 5.0) -> None:
    """Waits without blocking the loop, on which everything is noticed."""
    patience = Patience(timeout)
    while not condition():
        assert not patience.over, f"not within {timeout:g} s: {what}"
        await asyncio.sleep(0.005)
