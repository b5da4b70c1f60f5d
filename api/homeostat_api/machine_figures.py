"""What each machine used in the last hour: read from the operator's metrics, and kept in memory."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from prometheus_client.parser import text_string_to_metric_families

PERIOD = 30.0  # seconds between two readings; operators read libvirt's statistics as often
KEPT = 120  # readings: an hour

Counted = Literal["cpu", "disk_read", "disk_written", "network_received", "network_sent"]
"""What grows: seconds of CPU time, and bytes."""
COUNTED: tuple[Counted, ...] = get_args(Counted)
SERIES: Mapping[str, Counted | Literal["memory"]] = {
    "homeostat_machine_cpu_seconds_total": "cpu",
    "homeostat_machine_memory_bytes": "memory",
    "homeostat_machine_disk_read_bytes_total": "disk_read",
    "homeostat_machine_disk_written_bytes_total": "disk_written",
    "homeostat_machine_network_received_bytes_total": "network_received",
    "homeostat_machine_network_sent_bytes_total": "network_sent",
}
FIELDS = ("time", "memory", *COUNTED)


@dataclass(frozen=True, slots=True)
class FigurePoint:
    """What a machine used between two readings. ``time`` of the later one in seconds since 1970; ``memory`` in bytes; ``cpu`` in
    CPUs, the others in bytes per second."""

    time: float
    memory: float
    cpu: float
    disk_read: float
    disk_written: float
    network_received: float
    network_sent: float


class MachineFigures:
    """The readings of all machines, by the names of their domains. ``metrics`` returns the operator's metrics as Prometheus text,
    or None where there are none; ``clock`` the time in seconds since 1970."""

    def __init__(self, metrics: Callable[[], Awaitable[str | None]], clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._readings: dict[str, array[float]] = {}  # FIELDS of each reading, oldest first: 7 KB for an hour
        self.known = False  # whether the operator answered the last time

    async def keep_reading(self) -> None:
        """Reads now and every PERIOD, without end."""
        while True:
            await self.read()
            await asyncio.sleep(PERIOD)

    async def read(self) -> None:
        """Reads once. Machines that are gone are forgotten."""
        text = await self._metrics()
        self.known = text is not None
        if text is None:
            return
        found, now = await asyncio.to_thread(_figures, text), self._clock()
        for name in self._readings.keys() - found.keys():
            del self._readings[name]
        for name, figures in found.items():
            kept = self._readings.setdefault(name, array("d"))
            kept.extend([now, figures.get("memory", 0.0), *(figures.get(field, 0.0) for field in COUNTED)])
            del kept[: -(KEPT + 1) * len(FIELDS)]

    def of(self, domain: str) -> list[FigurePoint]:
        """Returns what a machine used, oldest first."""
        return list(_points(self._readings.get(domain, array("d"))))


def _figures(text: str) -> dict[str, dict[str, float]]:
    """Reads the figures of each machine, by its domain's name."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            field = SERIES.get(sample.name)
            if field is not None and (machine := sample.labels.get("machine")):
                found.setdefault(machine, {})[field] = sample.value
    return found


def _points(readings: array[float]) -> Iterator[FigurePoint]:
    width = len(FIELDS)
    for at in range(width, len(readings), width):
        before, now = readings[at - width : at], readings[at : at + width]
        seconds = now[0] - before[0]
        grown = [after - was for was, after in zip(before[2:], now[2:], strict=True)]
        if seconds <= 0 or min(grown) < 0:
            continue  # it is another run by now, which counts from 0
        yield FigurePoint(now[0], now[1], *(one / seconds for one in grown))
