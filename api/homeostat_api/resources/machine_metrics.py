"""/api/v1/vms/{name}/metrics: what a machine used in the last hour."""

from __future__ import annotations

from dataclasses import asdict

import falcon.asgi
from pydantic import Field

from homeostat.planner.machine.identity import domain_name
from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..http.words import Words
from ..machine_figures import PERIOD, MachineFigures


class MetricPoint(Words):
    time: float = Field(description="Seconds since 1970.")
    cpu: float = Field(description="CPUs that were busy.")
    memory: float = Field(description="Bytes that the guest has.")
    disk_read: float = Field(description="Bytes per second, as all below.")
    disk_written: float
    network_received: float
    network_sent: float


class MachineMetrics(Words):
    period: float = Field(description="Seconds between two readings.")
    known: bool = Field(description="false: this server is beside no operator that it could ask.")
    points: list[MetricPoint] = Field(description="Oldest first, of the last hour at the most.")


class MachineMetricsItem:
    def __init__(self, service: Service, figures: MachineFigures) -> None:
        self._service = service
        self._figures = figures

    @needs(Right.SEE)
    @operation(
        "Get what a machine used in the last hour",
        "Virtual machines",
        {200: Answer("As far as this server was running, and the machine was.", MachineMetrics)},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machine = await self._service.asked_by(who(req)).machines.get(name)
        points = [asdict(point) for point in self._figures.of(domain_name(machine))]
        resp.media = {"period": PERIOD, "known": self._figures.known, "points": points}
        resp.set_header("Cache-Control", "no-store")
