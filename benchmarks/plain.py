"""The same domains on the test driver without us: what of a figure is libvirt's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import libvirt
from lxml import etree

from benchmarks import fleet
from benchmarks.living import all_reported, living
from benchmarks.measure import rss_mb, run


def definition(place: str) -> str:
    """Returns how the operator defines a machine of the fleet. Runs in its own process."""
    return run(_definition(Path(place)))


async def _definition(place: Path) -> str:
    fleet.write_machines(place / "vms", 1)
    async with living(place / "vms", place / "state", fleet.node(place)) as parts:
        await all_reported(parts, 1)
        (uuid,) = (domain.uuid for domain in parts.host.domains())
        found = parts.host._connection.domain(uuid).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return str(found)


def loop(place: str, text: str, count: int) -> dict[str, float]:
    """Returns seconds and MB for defining and starting ``count`` domains, one after the other. Runs in its own process."""
    texts = [numbered(text, number) for number in range(count)]
    connection = libvirt.open(fleet.node(Path(place)))
    before, start = rss_mb(), time.perf_counter()
    for one in texts:
        connection.defineXML(one).create()
    return {"seconds": time.perf_counter() - start, "test_driver_mb": rss_mb() - before}


def rollout(place: str, text: str, count: int, spare: int) -> dict[str, float]:
    """Returns the seconds for replacing ``count`` running domains as a rollout does, with ``spare`` more that stand in meanwhile,
    one after the other. Runs in its own process."""
    connection = libvirt.open(fleet.node(Path(place)))
    old = [connection.defineXML(numbered(text, number)) for number in range(count)]
    for domain in old:
        domain.create()
    new = [numbered(text, count + number) for number in range(count + spare)]
    start = time.perf_counter()
    started = [_started(connection, one) for one in new[:spare]]
    for domain, one in zip(old, new[spare:], strict=True):
        _removed(domain)
        _started(connection, one)
    for domain in started:
        _removed(domain)
    return {"seconds": time.perf_counter() - start}


def _started(connection: Any, text: str) -> Any:
    domain = connection.defineXML(text)
    domain.create()
    return domain


def _removed(domain: Any) -> None:
    domain.destroy()
    domain.undefine()


def numbered(text: str, number: int) -> str:
    root = etree.fromstring(text)
    for path, value in (("name", f"plain-{number}"), ("uuid", f"00000000-0000-4000-8000-{number:012x}")):
        found = root.find(path)
        assert found is not None
        found.text = value
    for mac in root.iterfind("devices/interface/mac"):
        mac.set("address", f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}")
    return etree.tostring(root, encoding="unicode")
