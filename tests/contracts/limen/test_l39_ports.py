"""L39: a viewer learns of a port that cannot be had, and of a screen that cannot be reached: after the upgrade, in a text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import falcon.asgi
import pytest

from homeostat.accounts.errors import DatabaseTrouble
from homeostat.consoles.sitting import Close
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.service.naming.marks import id_of, marks_of, resource_name
from homeostat.service.refusals import ConsoleUnavailable
from homeostat_contracts.limen.routes import limen as contract
from tests.contracts.inside import Inside, inside

GIVEN = "My_Web"
NAME = resource_name(GIVEN)


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(tmp_path, contract) as found:
        yield found


async def running(panel: Inside) -> VirtualMachine:
    made = await panel.desk.machines.make(NAME, {}, marks=marks_of(GIVEN))
    await panel.note(made, VirtualMachineStatus.model_validate({"state": "Running"}))
    return made


async def said(panel: Inside, vm: str) -> tuple[list[dict[str, Any]], int]:
    """Opens a screen. Returns the texts, and the code that it is closed with."""
    found = []
    async with panel.asks.simulate_ws(f"/vnc/{vm}") as socket:
        try:
            while True:
                found.append(json.loads(await socket.receive_text()))
        except falcon.WebSocketDisconnected:
            return found, socket.close_code or 0


async def test_l37_the_number_is_told(panel: Inside) -> None:
    panel.console = ConsoleUnavailable(NAME, "it is off")
    texts, _ = await said(panel, id_of(await running(panel)))
    steps = ["Connected, checking VM status...", "Getting VNC port...", "Connecting to VNC server on port 5900..."]
    assert [one.get("message") for one in texts[:3]] == steps


@pytest.mark.parametrize("by_number", [False, True])
async def test_l39_a_port_that_cannot_be_had(panel: Inside, by_number: bool) -> None:
    made = await running(panel)
    panel.trouble = DatabaseTrouble("the database does not answer")
    texts, code = await said(panel, "1" if by_number else id_of(made))
    assert texts[-1] == {"type": "error", "error": "the database does not answer", "code": "VNC_CONNECTION_FAILED"}
    assert code == Close.FAILED and not any("Connecting" in one.get("message", "") for one in texts)


async def test_l39_a_screen_that_cannot_be_reached_is_named_as_it_was_given(panel: Inside) -> None:
    panel.console = ConsoleUnavailable(NAME, "its host does not answer")
    texts, code = await said(panel, id_of(await running(panel)))
    told = {"type": "error", "error": "the console of My_Web: its host does not answer", "code": "VNC_CONNECTION_FAILED"}
    assert (texts[-1], code) == (told, Close.FAILED)
