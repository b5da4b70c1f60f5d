"""The application: config in, ASGI app out. Volant's contract is mounted in our own API, which extends it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.service.changes import Changes
from homeostat.service.service import Service
from homeostat_contracts.volant import routes as volant

from . import openapi
from .accounts.edits import NoteEdits
from .accounts.journal import AccountsJournal
from .accounts.kept import Kept
from .accounts.ledger import AccountsLedger
from .accounts.lookup import AccountsLookup
from .accounts.oidc_refused import SayNotSignedIn
from .accounts.routes import account_routes
from .config import ApiConfig, guard_bind
from .consoles.pages import page_routes
from .consoles.room import ConsoleRoom
from .consoles.routes import console_routes
from .consoles.screen_door import OpenedScreens
from .consoles.sign_in import OfferSignIn
from .disk_words import DISKS
from .errors import ANSWERS
from .gate import Gate, own_entrance
from .http.application import application
from .http.contract import Foundation
from .http.errors import App
from .http.kinds.kind_index import KindIndexes
from .http.kinds.kind_routes import routes_of
from .http.kinds.whole import list_of
from .http.routes import V1, Route
from .machine_figures import MachineFigures
from .metrics import Metrics
from .middleware import AnswerPages, HeadAsGet, HeedBodies, HeedNames, HeedParameters, Observe, TellAge
from .mode import Mode, open_mode
from .mounted import ByListener, mounted
from .network_words import NETWORKS
from .resources.any_kind import ApplyResource, Kinds, ResourceOfAKind, ResourceRevisions, ResourcesOfAKind
from .resources.can_i import CanI
from .resources.console_log import MachineLog
from .resources.contracts import ContractList
from .resources.deployment_spec import DeploymentSpec
from .resources.desired_errors import DesiredStateErrors
from .resources.disk_exports import DiskExport, MachineDiskExport, SnapshotExport
from .resources.documents import FrontPage, OpenApi
from .resources.events import EventList
from .resources.image_file import ImageFile
from .resources.images import ImageCollection, ImageItem
from .resources.machine_devices import MachineDevice, MachineDisks, MachineMedia, MachineNics
from .resources.machine_metrics import MachineMetricsItem
from .resources.machine_spec import MachineSpec
from .resources.orphans import DiskOrphanList, OrphanList
from .resources.probes import Liveness, MetricsPage, Readiness
from .resources.schemas import KindSchema
from .resources.snapshots import SnapshotCollection, SnapshotItem, SnapshotRestore
from .resources.trash import TrashCollection, TrashItem, TrashRestore
from .resources.tus import UploadCollection, UploadItem
from .resources.watch import WatchResources
from .schedule_words import SCHEDULES


def create_app(config: ApiConfig) -> App:
    """Builds our own API over the folder, or the cluster, of ``config``.

    Raises:
        ConfigError: it would serve the network without a token.
        StoreError: the folder or the state cannot be opened.
    """
    guard_bind(config.host, config.token, config.accounts_required)
    return _own(config, make_parts(config))


def create_listeners(config: ApiConfig) -> ByListener:
    """Builds our own API, and the contracts that are served besides, over the same parts. Raises what ``create_app`` does."""
    guard_bind(config.host, config.token, config.accounts_required)
    parts = make_parts(config)
    contracts = mounted(config, parts.given, parts.accounts, parts.metrics, parts.mode.middleware)
    parts.contracts.publish([one.shown for one in contracts])
    kept = [(one.contract.title, one.contract.keeps) for one in contracts if one.contract.keeps is not None]
    return ByListener(_own(config, parts, kept), contracts)


def _own(config: ApiConfig, parts: ApiParts, keeps: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = ()) -> App:
    published = OpenApi(lambda: openapi.build(routes, with_token=config.token is not None or config.accounts_required))
    routes = [*parts.routes, Route(f"{V1}/openapi", published)]
    mode, accounts = parts.mode, parts.accounts
    edits = NoteEdits(mode.workspace.store.index, accounts)
    kept = (
        Kept(mode.supervisor, "the audit of edits", edits.follow),
        Kept(mode.supervisor, "the count for quotas", parts.ledger.keep_counting),
        Kept(mode.supervisor, "consoles", parts.room.watch),
        Kept(mode.supervisor, "figures of machines", parts.figures.keep_reading),
        *(Kept(mode.supervisor, title, work) for title, work in keeps),
    )
    pages = (AnswerPages(config.origins),) if config.origins else ()
    sign_in = OfferSignIn(accounts, provider=config.oidc is not None)
    mine = Observe(parts.metrics), HeadAsGet(), sign_in, SayNotSignedIn(), parts.gate, HeedNames(), HeedParameters(), HeedBodies()
    return application(routes, ANSWERS, (*pages, *mine, TellAge(mode.operator), *kept, *mode.middleware))


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the application is made of."""

    mode: Mode
    metrics: Metrics
    accounts: AccountsLookup
    ledger: AccountsLedger
    gate: Gate
    room: ConsoleRoom
    routes: list[Route]
    given: Callable[[Any], Foundation]  # what a contract is built on, by its settings
    contracts: ContractList
    figures: MachineFigures


def make_parts(config: ApiConfig) -> ApiParts:
    """Makes them.

    Raises:
        StoreError: the folder or the state cannot be opened.
    """
    mode, metrics = open_mode(config), Metrics()
    accounts = AccountsLookup(config.accounts, config.accounts_required)
    ledger, gate = AccountsLedger(accounts), Gate(config, own_entrance(volant.API_KEY), accounts)
    changes = Changes(mode.workspace.store.index.data_version, config.stopping, config.poll)
    service = Service(mode.workspace, changes, config, AccountsJournal(accounts), ledger)
    ledger.counted_by(service.usage)
    room = ConsoleRoom(accounts, service, gate.again, config.consoles, config.stopping)
    indexes = KindIndexes(service)
    figures = MachineFigures(mode.operator.metrics, time.time)
    routes = [
        *volant.routes(service, config.shutdown_margin, config.keep_alive, config.plugin_kernel),
        *own_routes(service, indexes),
        Route(f"{V1}/vms/{{name}}/metrics", MachineMetricsItem(service, figures)),
        Route(f"{V1}/watch", WatchResources(service, indexes, config.keep_alive, mode.operator.last_look)),
        *console_routes(service, room, config.ice),
        *page_routes(),
        *account_routes(accounts, config.oidc, config.stopping),
        Route(f"{V1}/contracts", contracts := ContractList()),
        Route("/healthz", Liveness(mode.supervisor, mode.operator)),
        Route("/readyz", Readiness(changes, accounts, mode.operator)),
        Route("/metrics", MetricsPage(metrics, mode.operator)),
        Route("/", FrontPage()),
    ]
    screens = OpenedScreens(service, room, config.ice)

    def given(settings: Any) -> Foundation:
        return Foundation(service, settings, accounts, screens, config.shutdown_margin, libvirt_answers, config.origins)

    async def libvirt_answers() -> bool:
        found = await mode.operator.reaches_hosts()
        return await service.house.reaches_hosts() if found is None else found

    return ApiParts(mode, metrics, accounts, ledger, gate, room, routes, given, contracts, figures)


def own_routes(service: Service, indexes: KindIndexes) -> list[Route]:
    """Returns the routes that Volant's contract does not have."""
    return [
        Route(f"{V1}/vms/{{name}}/spec", MachineSpec(service)),
        Route(f"{V1}/vms/{{name}}/log", MachineLog(service)),
        Route(f"{V1}/vms/{{name}}/disks", MachineDisks(service, "disks")),
        Route(f"{V1}/vms/{{name}}/disks/{{device}}", MachineDevice(service, "disks")),
        Route(f"{V1}/vms/{{name}}/disks/{{device}}/export", MachineDiskExport(service)),
        Route(f"{V1}/vms/{{name}}/nics", MachineNics(service, "nics")),
        Route(f"{V1}/vms/{{name}}/nics/{{device}}", MachineDevice(service, "nics")),
        Route(f"{V1}/vms/{{name}}/media", MachineMedia(service)),
        Route(f"{V1}/deployments/{{name}}/spec", DeploymentSpec(service)),
        *routes_of(DISKS, service, lambda desk: desk.disks),
        Route(f"{V1}/disks/{{name}}/export", DiskExport(service)),
        Route(f"{V1}/images", ImageCollection(service, list_of(service.house.images, service))),
        Route(f"{V1}/images/{{name}}", ImageItem(service)),
        Route(f"{V1}/images/{{name}}/file", ImageFile(service)),
        *routes_of(NETWORKS, service, lambda desk: desk.networks),
        Route(f"{V1}/snapshots", SnapshotCollection(service, list_of(service.house.snapshots, service))),
        Route(f"{V1}/snapshots/{{name}}", SnapshotItem(service)),
        Route(f"{V1}/snapshots/{{name}}/restore", SnapshotRestore(service)),
        Route(f"{V1}/snapshots/{{name}}/export", SnapshotExport(service)),
        *routes_of(SCHEDULES, service, lambda desk: desk.schedules),
        Route(f"{V1}/uploads", UploadCollection(service)),
        Route(f"{V1}/uploads/{{upload}}", UploadItem(service)),
        Route(f"{V1}/trash", TrashCollection(service)),
        Route(f"{V1}/trash/{{entry}}", TrashItem(service)),
        Route(f"{V1}/trash/{{entry}}/restore", TrashRestore(service)),
        Route(f"{V1}/orphans", OrphanList(service)),
        Route(f"{V1}/orphans/disks", DiskOrphanList(service)),
        Route(f"{V1}/resources", Kinds(service)),
        Route(f"{V1}/resources/{{kind}}", ResourcesOfAKind(service, indexes)),
        Route(f"{V1}/resources/{{kind}}/{{name}}", ResourceOfAKind(service)),
        Route(f"{V1}/resources/{{kind}}/{{name}}/revisions", ResourceRevisions(service)),
        Route(f"{V1}/schemas/{{kind}}", KindSchema()),
        Route(f"{V1}/apply", ApplyResource(service)),
        Route(f"{V1}/events", EventList(service)),
        Route(f"{V1}/errors", DesiredStateErrors(service)),
        Route(f"{V1}/can-i", CanI(service)),
    ]
