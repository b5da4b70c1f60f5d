"""The application: config in, ASGI app out."""

from __future__ import annotations

import falcon.asgi

from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore

from . import errors, media, openapi
from .changes import Changes
from .config import ApiConfig, guard_bind
from .errors import App
from .machine_index import MachineIndex
from .machines import Machines
from .metrics import Metrics
from .middleware import Guard, HeadAsGet, Observe
from .operator_link import OperatorLink
from .resources.documents import OpenApi, StatusPage
from .resources.events import MachineEvents
from .resources.machine_config import MachineConfig, MachineHistory, MachineSpec
from .resources.machine_power import MachineRestart, MachineStart, MachineStop
from .resources.machines import MachineItem, MachineList
from .resources.probes import Liveness, MetricsPage, Readiness
from .resources.system import SystemInformation
from .routes import Route
from .stream import EventStream

V1 = "/api/v1"


def create_app(config: ApiConfig) -> App:
    """The API over the folder and the state of ``config``.

    Raises:
        ConfigError: it would serve the network without a token.
        StoreError: the folder or the state cannot be opened.
    """
    guard_bind(config.host, config.token)
    store = open_store(config)
    metrics = Metrics()
    app: App = falcon.asgi.App()
    for part in (Observe(metrics), HeadAsGet(), Guard(config)):
        app.add_middleware(part)
    app.req_options.strip_url_path_trailing_slash = True
    errors.install(app)
    media.install(app)
    routes = make_routes(config, store, metrics)
    published = OpenApi()
    routes.append(Route(f"{V1}/openapi", published))
    published.publish(openapi.build(routes, with_token=config.token is not None))
    for route in routes:
        app.add_route(route.path, route.resource)
    return app


def open_store(config: ApiConfig) -> FilesStore:
    """The store, brought up to date once: without an operator nobody else reads the folder."""
    store = FilesStore.open(config.directory, StateFolder.open(config.state))
    store.sync()
    return store


def make_routes(config: ApiConfig, store: FilesStore, metrics: Metrics) -> list[Route]:
    changes = Changes(store.index.data_version, config.stopping, config.poll)
    machines = Machines(store, changes)
    index = MachineIndex(store, machines, changes)
    operator = OperatorLink(config.operator_socket)
    stream = EventStream(store.events, changes, config.keep_alive)
    machine = f"{V1}/vms/{{name}}"
    return [
        Route(f"{V1}/vms", MachineList(machines, index, changes)),
        Route(machine, MachineItem(machines, config.shutdown_margin)),
        Route(f"{machine}/start", MachineStart(machines)),
        Route(f"{machine}/stop", MachineStop(machines, config.shutdown_margin)),
        Route(f"{machine}/restart", MachineRestart(machines)),
        Route(f"{machine}/config", MachineConfig(machines)),
        Route(f"{machine}/config/history", MachineHistory(machines)),
        Route(f"{machine}/spec", MachineSpec(machines)),
        Route(f"{V1}/system/info", SystemInformation(index)),
        Route(f"{V1}/events/vms", MachineEvents(stream)),
        Route("/healthz", Liveness()),
        Route("/readyz", Readiness(changes, operator)),
        Route("/metrics", MetricsPage(metrics, operator)),
        Route("/", StatusPage()),
    ]
