"""Every path of Volant's API, and the resource that answers it."""

from __future__ import annotations

from typing import Any

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.service.service import Service
from homeostat_api.http.answers.stream import EventStream
from homeostat_api.http.kinds.kind_index import KindIndex
from homeostat_api.http.kinds.lists import ListAnswer
from homeostat_api.http.routes import V1, Route

from . import deployment_views, machine_views
from .event_frames import frame
from .resources.deployments import DeploymentItem, DeploymentList
from .resources.events import MachineEvents
from .resources.machine_config import MachineConfig, MachineHistory
from .resources.machine_openapi import MachineOpenApi
from .resources.machine_power import MachineRestart, MachineStart, MachineStop
from .resources.machines import MachineItem, MachineList
from .resources.plugins import PluginCollection, PluginItem, PluginSwitch
from .resources.system import SystemInformation

API_KEY = "X-Volant-API-Key"
"""The header in which Volant's clients send the token."""


def routes(service: Service, margin: float, keep_alive: float, plugin_kernel: str | None) -> list[Route]:
    """Returns all routes. ``margin``: seconds to wait for a machine beyond its grace period. ``keep_alive``: seconds between
    comments on a silent event stream. ``plugin_kernel`` boots the initramfs of a manifest that brings no kernel."""
    machines = _machines(service)
    stream = EventStream(service.events, service.changes, keep_alive, lambda event: frame(event, service.namespace))
    return [
        *_machine_routes(service, machines, margin),
        *_deployment_routes(service, margin),
        *_plugin_routes(service, margin, plugin_kernel),
        Route(f"{V1}/system/info", SystemInformation(machines, service)),
        Route(f"{V1}/events/vms", MachineEvents(service, stream)),
    ]


def _machines(service: Service) -> KindIndex[VirtualMachine]:
    house = service.house

    async def show(machine: VirtualMachine) -> dict[str, Any]:
        return machine_views.summary(await house.machines.effective(machine))

    return KindIndex(house.machines, service.changes, show, house.plugins.specs)


def _machine_routes(service: Service, index: KindIndex[VirtualMachine], margin: float) -> list[Route]:
    machine = f"{V1}/vms/{{name}}"
    return [
        Route(f"{V1}/vms", MachineList(service, ListAnswer(index, service))),
        Route(machine, MachineItem(service, margin)),
        Route(f"{machine}/start", MachineStart(service)),
        Route(f"{machine}/stop", MachineStop(service, margin)),
        Route(f"{machine}/restart", MachineRestart(service)),
        Route(f"{machine}/config", MachineConfig(service)),
        Route(f"{machine}/config/history", MachineHistory(service)),
        Route(f"{machine}/openapi", MachineOpenApi(service)),
    ]


def _deployment_routes(service: Service, margin: float) -> list[Route]:
    house = service.house

    async def show(deployment: VirtualMachineDeployment) -> dict[str, Any]:
        return deployment_views.summary(await house.deployments.effective(deployment))

    answer = ListAnswer(KindIndex(house.deployments, service.changes, show, house.plugins.specs), service)
    return [
        Route(f"{V1}/deployments", DeploymentList(service, answer)),
        Route(f"{V1}/deployments/{{name}}", DeploymentItem(service, margin)),
    ]


def _plugin_routes(service: Service, margin: float, kernel: str | None) -> list[Route]:
    async def show(plugin: Plugin) -> dict[str, Any]:
        return {"name": plugin.metadata.name}

    answer = ListAnswer(KindIndex(service.house.plugins, service.changes, show), service, (b'{"plugins":[', b"]}"))
    plugin = f"{V1}/plugins/{{plugin}}"
    return [
        Route(f"{V1}/plugins", PluginCollection(service, answer, kernel)),
        Route(plugin, PluginItem(service, margin)),
        Route(f"{plugin}/enabled", PluginSwitch(service)),
    ]
