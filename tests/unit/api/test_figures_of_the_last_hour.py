"""What machines used is kept for an hour, as differences between readings of the operator's metrics."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from homeostat_api.machine_figures import KEPT, PERIOD, FigurePoint, MachineFigures


def text(**cpu: float) -> str:
    """Returns metrics as the operator's, of machines that have used so many seconds of CPU time."""
    lines = [f'homeostat_machine_cpu_seconds_total{{host="local",machine="{name}"}} {used}' for name, used in cpu.items()]
    memory = [f'homeostat_machine_memory_bytes{{host="local",machine="{name}"}} 1024.0' for name in cpu]
    head = ["# TYPE homeostat_machine_cpu_seconds counter", *lines, "# TYPE homeostat_machine_memory_bytes gauge", *memory]
    return "\n".join([*head, "# TYPE homeostat_queue_depth gauge", "homeostat_queue_depth 0.0", ""])


async def kept(*readings: str | None, period: int = round(PERIOD)) -> MachineFigures:
    given, clock = iter(readings), itertools.count(0, period)

    async def metrics() -> str | None:
        return next(given)

    figures = MachineFigures(metrics, lambda: float(next(clock)))
    for _ in readings:
        await figures.read()
    return figures


async def test_each_point_is_what_was_used_since_the_one_before() -> None:
    figures = await kept(text(web=10), text(web=25), text(web=25))
    nothing: dict[str, Any] = dict.fromkeys(("disk_read", "disk_written", "network_received", "network_sent"), 0.0)
    assert figures.of("web") == [
        FigurePoint(time=30.0, memory=1024.0, cpu=0.5, **nothing),
        FigurePoint(time=60.0, memory=1024.0, cpu=0.0, **nothing),
    ]


async def test_one_reading_alone_says_nothing_yet() -> None:
    assert (await kept(text(web=10))).of("web") == []


async def test_a_run_that_counts_from_0_again_is_no_negative_use() -> None:
    figures = await kept(text(web=100), text(web=3), text(web=6))
    assert [point.cpu for point in figures.of("web")] == [0.1]


@pytest.mark.parametrize("period", [0, -30])
async def test_a_clock_that_stood_still_or_was_set_back_gives_no_figure(period: int) -> None:
    assert (await kept(text(web=1), text(web=2), period=period)).of("web") == []


async def test_what_is_gone_is_forgotten() -> None:
    figures = await kept(text(web=1, db=1), text(db=2), text(web=5, db=3), text(web=6, db=4))
    assert len(figures.of("web")) == 1 and len(figures.of("db")) == 3


async def test_an_hour_is_kept() -> None:
    figures = await kept(*(text(web=n) for n in range(KEPT + 20)))
    points = figures.of("web")
    assert len(points) == KEPT and points[-1].time - points[0].time == 3600 - PERIOD


async def test_an_operator_that_does_not_answer_takes_nothing_away() -> None:
    figures = await kept(text(web=1), text(web=2), None)
    assert len(figures.of("web")) == 1 and not figures.known
