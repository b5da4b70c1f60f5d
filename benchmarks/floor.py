"""What a machine takes at the least in one Python process without any of our decisions: the budget of converge is judged by it.

Per machine, with the libraries that the operator uses: its YAML is parsed and validated, a task of the event loop makes its
folder, defines and starts its domain, reads back and parses what libvirt made of it, and writes its status and two events in one
transaction. Events of libvirt are received. Nothing is compared, planned, claimed or checked.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import libvirt
import yaml
from lxml import etree

from benchmarks import fleet, plain
from benchmarks.measure import run
from homeostat.driver.connection import eventloop
from homeostat.models.machine import VirtualMachine

AT_ONCE = 16  # as many as the operator reconciles at the same time


def floor(place: str, text: str, count: int) -> dict[str, float]:
    """Returns the seconds for ``count`` machines. ``text``: the definition of one. Runs in its own process."""
    Path(place).mkdir()
    return run(_floor(Path(place), text, count))


async def _floor(place: Path, text: str, count: int) -> dict[str, float]:
    eventloop.ensure_running()
    documents = [fleet.document(number, name) for number, name in enumerate(fleet.names(count))]
    texts = [plain.numbered(text, number) for number in range(count)]
    connection = libvirt.open(fleet.node(place))
    heard: list[int] = []
    connection.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda _c, _d, event, _r, _o: heard.append(event), None
    )
    database = _database(place / "floor.sqlite")
    start = time.perf_counter()
    machines = [VirtualMachine.model_validate(yaml.load(one, yaml.CSafeLoader)) for one in documents]
    for machine in machines:
        database.execute("INSERT INTO resources VALUES (?,?,NULL)", (machine.metadata.name, machine.model_dump_json()))
    slots = asyncio.Semaphore(AT_ONCE)

    async def make(machine: VirtualMachine, definition: str) -> None:
        async with slots:
            name = machine.metadata.name
            folder = place / name
            folder.mkdir()
            (folder / "created").write_text("")
            await asyncio.sleep(0)
            domain = connection.defineXML(definition)
            etree.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
            await asyncio.sleep(0)
            domain.create()
            _tell(database, name, {"state": domain.state()[0], "xml": len(domain.XMLDesc(0))})

    await asyncio.gather(*(make(*pair) for pair in zip(machines, texts, strict=True)))
    return {"floor_s": time.perf_counter() - start}


def _database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE resources (name TEXT PRIMARY KEY, spec TEXT, status TEXT)")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, message TEXT)")
    return database


def _tell(database: sqlite3.Connection, name: str, status: dict[str, Any]) -> None:
    database.execute("BEGIN IMMEDIATE")
    for message in ("created", "started"):
        database.execute("INSERT INTO events (name, message) VALUES (?,?)", (name, message))
    database.execute("UPDATE resources SET status=? WHERE name=?", (json.dumps(status), name))
    database.execute("COMMIT")
