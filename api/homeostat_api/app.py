"""The application: config in, ASGI app out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import falcon.asgi

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.service.admission import Admission
from homeostat.service.changes import Changes
from homeostat.service.deployments import Deployments
from homeostat.service.machines import Machines
from homeostat.service.plugins import Plugins
from homeostat.store.desired import Workspace
from homeostat_contracts.volant import deployment_views
from homeostat_contracts.volant import machine_views as views
from homeostat_contracts.volant.resources.deployments import DeploymentItem, DeploymentList, DeploymentSpec
from homeostat_contracts.volant.resources.events import MachineEvents
from homeostat_contracts.volant.resources.machine_config import MachineConfig, MachineHistory
from homeostat_contracts.volant.resources.machine_power import MachineRestart, MachineStart, MachineStop
from homeostat_contracts.volant.resources.machines import MachineItem, MachineList
from homeostat_contracts.volant.resources.plugins import PluginCollection, PluginItem, PluginSwitch

from . import openapi
from .config import ApiConfig, guard_bind
from .gate import Gate
from .http import errors, media
from .http.errors import App
from .http.kind_index import KindIndex
from .http.lists import ListAnswer
from .http.routes import Route
from .http.stream import EventStream
from .metrics import Metrics
from .middleware import HeadAsGet, Observe, TellAge
from .mode import Mode, open_mode
from .resources.documents import OpenApi, StatusPage
from .resources.machine_spec import MachineOpenApi, MachineSpec
from .resources.orphans import OrphanList
from .resources.probes import Liveness, MetricsPage, Readiness
from .resources.system import DesiredStateErrors, SystemInformation
from .resources.trash import TrashCollection, TrashItem, TrashRestore, TrashRoom

V1 = "/api/v1"


def create_app(config: ApiConfig) -> App:
    """The API over the folder, or the cluster, of ``config``.

    Raises:
        ConfigError: it would serve the network without a token.
        StoreError: the folder or the state cannot be opened.
    """
    guard_bind(config.host, config.token)
    mode = open_mode(config)
    metrics = Metrics()
    app: App = falcon.asgi.App()
    for part in (Observe(metrics), HeadAsGet(), Gate(config), TellAge(mode.operator), *mode.middleware):
        app.add_middleware(part)
    app.req_options.strip_url_path_trailing_slash = True
    errors.install(app)
    media.install(app)
    routes = make_routes(config, mode, metrics)
    published = OpenApi()
    routes.append(Route(f"{V1}/openapi", published))
    published.publish(openapi.build(routes, with_token=config.token is not None))
    for route in routes:
        app.add_route(route.path, route.resource)
    return app


def make_routes(config: ApiConfig, mode: Mode, metrics: Metrics) -> list[Route]:
    workspace, operator = mode.workspace, mode.operator
    store = workspace.store
    changes = Changes(store.index.data_version, config.stopping, config.poll)
    collections = Collections.over(config, workspace, changes)
    stream = EventStream(store.events, changes, config.keep_alive, workspace.namespace)
    return [
        *machine_routes(config, collections, changes),
        *deployment_routes(config, collections, changes),
        *plugin_routes(config, collections, changes),
        *trash_routes(config, workspace),
        Route(f"{V1}/system/info", SystemInformation(collections.index, workspace)),
        Route(f"{V1}/orphans", OrphanList(workspace)),
        Route(f"{V1}/errors", DesiredStateErrors(workspace)),
        Route(f"{V1}/events/vms", MachineEvents(stream)),
        Route("/healthz", Liveness(mode.supervisor, mode.operator)),
        Route("/readyz", Readiness(changes, operator)),
        Route("/metrics", MetricsPage(metrics, operator)),
        Route("/", StatusPage()),
    ]


@dataclass(frozen=True, slots=True)
class Collections:
    """What the routes share."""

    machines: Machines
    deployments: Deployments
    plugins: Plugins
    admission: Admission
    index: KindIndex[VirtualMachine]

    @classmethod
    def over(cls, config: ApiConfig, workspace: Workspace, changes: Changes) -> Collections:
        plugins = Plugins(workspace, changes)
        machines = Machines(workspace, changes, plugins)

        async def show(machine: VirtualMachine) -> dict[str, Any]:
            return views.summary(await machines.effective(machine))

        return cls(
            machines,
            Deployments(workspace, changes),
            plugins,
            Admission(config, plugins),
            KindIndex(machines, changes, show, plugins.specs),
        )


def machine_routes(config: ApiConfig, shared: Collections, changes: Changes) -> list[Route]:
    machines, plugins, admission = shared.machines, shared.plugins, shared.admission
    machine = f"{V1}/vms/{{name}}"
    return [
        Route(f"{V1}/vms", MachineList(machines, plugins, admission, ListAnswer(shared.index, changes))),
        Route(machine, MachineItem(machines, config.shutdown_margin)),
        Route(f"{machine}/start", MachineStart(machines)),
        Route(f"{machine}/stop", MachineStop(machines, config.shutdown_margin)),
        Route(f"{machine}/restart", MachineRestart(machines)),
        Route(f"{machine}/config", MachineConfig(machines)),
        Route(f"{machine}/config/history", MachineHistory(machines)),
        Route(f"{machine}/spec", MachineSpec(machines, admission)),
        Route(f"{machine}/openapi", MachineOpenApi(machines, plugins)),
    ]


def deployment_routes(config: ApiConfig, shared: Collections, changes: Changes) -> list[Route]:
    deployments, admission = shared.deployments, shared.admission

    async def show(deployment: VirtualMachineDeployment) -> dict[str, Any]:
        return deployment_views.summary(await deployments.effective(deployment))

    answer = ListAnswer(KindIndex(deployments, changes, show, shared.plugins.specs), changes)
    deployment = f"{V1}/deployments/{{name}}"
    return [
        Route(f"{V1}/deployments", DeploymentList(deployments, shared.plugins, admission, answer)),
        Route(deployment, DeploymentItem(deployments, admission, config.shutdown_margin)),
        Route(f"{deployment}/spec", DeploymentSpec(deployments, admission)),
    ]


def plugin_routes(config: ApiConfig, shared: Collections, changes: Changes) -> list[Route]:
    plugins = shared.plugins

    async def show(plugin: Plugin) -> dict[str, Any]:
        return {"name": plugin.metadata.name}

    answer = ListAnswer(KindIndex(plugins, changes, show), changes, (b'{"plugins":[', b"]}"))
    plugin = f"{V1}/plugins/{{plugin}}"
    return [
        Route(f"{V1}/plugins", PluginCollection(plugins, shared.admission, answer, config.plugin_kernel)),
        Route(plugin, PluginItem(plugins, config.shutdown_margin)),
        Route(f"{plugin}/enabled", PluginSwitch(plugins)),
    ]


def trash_routes(config: ApiConfig, workspace: Workspace) -> list[Route]:
    room = TrashRoom(config.state, workspace.namespace)
    return [
        Route(f"{V1}/trash", TrashCollection(room)),
        Route(f"{V1}/trash/{{entry}}", TrashItem(room)),
        Route(f"{V1}/trash/{{entry}}/restore", TrashRestore(room)),
    ]
