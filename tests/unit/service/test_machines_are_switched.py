"""Start, stop and restart are refused where they would change nothing, and otherwise written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.service.desk import Desk
from homeostat.service.refusals import AlreadyRunning, AlreadyStopped, BeingDeleted
from tests.unit.serving import Written, resource

ON, OFF = {"runStrategy": "Always"}, {"runStrategy": "Halted"}
ONCE = {"runStrategy": "Once"}


def having(tmp_path: Path, spec: dict[str, Any], state: str | None) -> Desk:
    status = {"state": state} if state else {}
    return Written(resource(VirtualMachine, "web", spec, **status)).desk(tmp_path)


@pytest.mark.parametrize(
    ("spec", "state", "strategy"),
    [(ON, "Running", None), (ON, "Starting", None), (ON, None, None), (OFF, "Stopped", "Always"), (OFF, "Running", "Always")],
)
async def test_a_start(tmp_path: Path, spec: dict[str, Any], state: str | None, strategy: str | None) -> None:
    desk = having(tmp_path, spec, state)
    if strategy is None:
        with pytest.raises(AlreadyRunning, match="web is already running") as refused:
            await desk.machines.start("web")
        assert refused.value.details == {"name": "web"}
    else:
        assert (await desk.machines.start("web")).spec.run_strategy == strategy


@pytest.mark.parametrize(
    ("spec", "state", "stops"),
    [(OFF, "Stopped", False), (ONCE, "Succeeded", False), (ON, "Stopped", True), (ON, "Running", True)],
)
async def test_a_stop(tmp_path: Path, spec: dict[str, Any], state: str, stops: bool) -> None:
    desk = having(tmp_path, spec, state)
    if not stops:
        with pytest.raises(AlreadyStopped, match="web is already stopped") as refused:
            await desk.machines.stop("web", force=False)
        assert refused.value.details == {"name": "web"}
    else:
        stopped = await desk.machines.stop("web", force=state == "Running")
        assert stopped.spec.run_strategy == "Halted" and bool(stopped.spec.powered_off_at) is (state == "Running")


@pytest.mark.parametrize(
    ("spec", "state", "was_on"),
    [
        (ON, "Running", True),
        (ON, None, True),
        (ON, "Stopped", True),  # it is about to start
        (ONCE, "Succeeded", False),
        (OFF, "Stopped", False),
        (OFF, "Running", False),  # it is about to stop
    ],
)
async def test_a_restart_says_whether_it_was_on(tmp_path: Path, spec: dict[str, Any], state: str | None, was_on: bool) -> None:
    desk = having(tmp_path, spec, state)
    after, told = await desk.machines.restart("web")
    assert told is was_on
    assert (after.spec.run_strategy == "Always") if spec is OFF else after.spec.restarted_at


async def test_what_is_being_deleted_is_not_switched(tmp_path: Path) -> None:
    desk = having(tmp_path, ON, "Running")
    await desk.machines.delete(await desk.machines.get("web"))
    for asked in (desk.machines.start("web"), desk.machines.stop("web", force=True), desk.machines.restart("web")):
        with pytest.raises(BeingDeleted, match="VirtualMachine web is being deleted") as refused:
            await asked
        assert refused.value.kind is VirtualMachine and refused.value.details == {"name": "web"}


@pytest.mark.parametrize(("state", "off"), [("Stopped", True), ("Running", False)])
async def test_it_is_waited_until_the_guest_is_off(tmp_path: Path, state: str, off: bool) -> None:
    desk = having(tmp_path, OFF, state)
    assert await desk.machines.wait_off("web", 0) == (off, await desk.machines.get("web"))
    assert await desk.machines.wait_off("none", 0) == (True, None)


async def test_what_holds_where_the_spec_says_nothing(tmp_path: Path) -> None:
    plugin = {"version": "1", "resources": {"vcpu": 3}, "rootfs": {"url": "https://x.example/a.img"}}
    own, made = resource(VirtualMachine, "own"), resource(VirtualMachine, "made", {"pluginRef": {"name": "big"}})
    desk = Written(own, made, resource(Plugin, "big", plugin)).desk(tmp_path)
    assert ((await desk.machines.given(own)).vcpu, (await desk.machines.given(made)).vcpu) == (1, 3)
