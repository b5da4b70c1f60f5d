"""What `homeostat up` shows: the live picture within its terminal, and one line per change otherwise."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from homeostat.cli.show.live.live_picture import render_live
from homeostat.cli.show.live.moments import Moment
from homeostat.cli.show.live.sights import Sight, sight_of
from homeostat.cli.show.live.up_view import PlainView
from homeostat.models.base import Key
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.runtime.engine.ports import Event


def machine(name: str, *, ready: bool = True, message: str = "") -> Sight:
    conditions = [Condition(type="Ready", status="True" if ready else "False", reason="X", message=message)]
    if not ready:
        conditions.append(Condition(type="Reconciling", status="True", reason="X", message=message))
    status = VirtualMachineStatus(
        state=MachineState.RUNNING if ready else MachineState.PENDING, conditions=tuple(conditions), host="local"
    )
    return sight_of(VirtualMachine.model_validate({"metadata": {"name": name}}).model_copy(update={"status": status}))


def event(id: int, message: str) -> Event:
    return Event(id, "2025-01-01T00:00:00Z", Key("VirtualMachine", "default", "web"), "Normal", "Started", message)


def picture(moment: Moment, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, no_color=True)
    console.print(render_live("homeostat: vms on qemu:///system", moment, height, width))
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue().rstrip("\n").splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12)])
def test_the_picture_fits_its_terminal(width: int, height: int) -> None:
    long = "fetching https://example.org/a/very/long/path/to/an/image.qcow2: 45 % of 600 MiB"
    machines = [machine(f"web-{i:03}", ready=i % 2 == 0, message=long) for i in range(300)]
    lines = picture(Moment(machines, [event(i, long) for i in range(9)], [long] * 9), width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert any("and" in line and "more" in line for line in lines)


def test_what_is_not_ready_is_shown_first_where_not_all_fit() -> None:
    machines = [machine(f"web-{i:03}", ready=i != 299) for i in range(300)]
    assert any("web-299" in line for line in picture(Moment(machines, [], []), 80, 24))


def test_a_long_reason_leaves_the_other_columns_whole() -> None:
    lines = picture(Moment([machine("web", ready=False, message="because " * 50)], [], []), 80, 24)
    assert any(line.split() == ["NAME", "STATUS", "READY", "ADDRESS", "WAITS", "FOR"] for line in lines)
    assert any(line.split()[:3] == ["web", "Pending", "False"] and line.endswith("…") for line in lines)


def test_it_says_what_a_machine_waits_for() -> None:
    shown = picture(Moment([machine("web", ready=False, message="fetching x: 45 % of 600 MiB")], [], []), 80, 24)
    assert any(line.split()[:3] == ["web", "Pending", "False"] and "45 % of 600 MiB" in line for line in shown)
    assert "1 machine, 0 ready" in shown


def test_plain_lines_tell_changes_once_and_progress_in_steps(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView("heading") as view:
        for percent in range(100):
            view.show(Moment([machine("web", ready=False, message=f"fetching: {percent} % of 9 MiB")], [event(1, "old")], []))
        view.show(Moment([machine("web")], [event(1, "old"), event(2, "new")], ["web.yaml:1:1: wrong"]))
        view.show(Moment([machine("web")], [event(1, "old"), event(2, "new")], ["web.yaml:1:1: wrong"]))
        view.show(Moment([machine("web")], [event(1, "old"), event(2, "new")], []))
    lines = [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "heading",
        *(f"vm/web: Pending, not ready, fetching: {percent} % of 9 MiB" for percent in (0, 25, 50, 75)),
        "vm/web: Started: new",
        "vm/web: Running, ready",
        "error: web.yaml:1:1: wrong",
        "the errors in the YAML are mended",
    ]


def test_findings_terminal_a_long_message_leaves_the_events_columns_whole() -> None:
    lines = picture(Moment([machine("web")], [event(1, "because " * 50)], []), 80, 24)
    (shown,) = [line for line in lines if "because" in line]
    assert shown.split()[1:3] == ["vm/web", "Started"] and shown.endswith("…") and len(shown) <= 80


def test_findings_terminal_what_is_not_shown_is_counted() -> None:
    machines = [machine(f"web-{i:03}", ready=i > 100) for i in range(300)]
    lines = picture(Moment(machines, [], [f"web.yaml:{i}: wrong" for i in range(9)]), 80, 24)
    assert any(line.startswith("… and ") and line.endswith("of them not ready") for line in lines)
    assert "… and 7 more errors: `homeostat get errors`" in lines
    assert sum("wrong" in line for line in lines) == 2
