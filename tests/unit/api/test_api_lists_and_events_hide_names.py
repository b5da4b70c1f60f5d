"""A list of whole resources, and the stream of events, name nothing that their reader does not see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.service.changes import Changes
from homeostat_api.http.answers.stream import EventStream
from homeostat_api.http.kinds.kind_index import KindIndex
from tests.unit.serving import Served, condition
from tests.unit.store_fixtures import Room

ALICE = Actor("session", Role.USER, "alice", frozenset(Right), author="alice")
SAID = "mac 52:54 is taken by machine web"
HIDDEN = "mac 52:54 is taken by machine (not yours)"


async def shown(machine: VirtualMachine) -> Mapping[str, Any]:
    return {"name": machine.metadata.name}


async def test_lists_and_events_name_nothing_that_is_hidden(room: Room, tmp_path: Path) -> None:
    served = Served(room)
    alice, admin = served.service(actor=ALICE), served.service()
    await admin.machines.make("web", {})
    for name, text in (("mine", SAID), ("quiet", "in sync")):
        status = VirtualMachineStatus.model_validate({"conditions": [condition("Ready", "False", text)], "observedGeneration": 1})
        await served.have(alice.machines, name, {}, status)
    changes = Changes(lambda: 1, lambda: False, 0.01)
    index = KindIndex(admin.machines, changes, shown)
    for desk, said in ((admin, [SAID, "in sync", None]), (alice, [HIDDEN, "in sync"])):
        found = [json.loads(entry.whole) for entry in (await index.seen_from(desk))[1]]
        assert [one["status"]["conditions"][0]["message"] if "status" in one else None for one in found] == said
    await room.store.record_event(alice.machines.key("mine"), "Warning", "Failed", SAID)
    stream = EventStream(room.store.events, changes, 0.01, lambda event: event.message.encode())
    for desk, text in ((admin, SAID), (alice, HIDDEN)):
        frames = stream.follow(0, desk)
        read = [await anext(frames) for _ in range(2)]
        await frames.aclose()  # type: ignore[attr-defined]
        assert text.encode() in read[1] and (SAID.encode() in read[1]) is (text == SAID)
