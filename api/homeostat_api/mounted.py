"""The contracts that are served on listeners of their own: each becomes an application, with the gate and the errors of its
words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from homeostat.cli.configuration.sections import ContractsSection
from homeostat_contracts.limen.routes import limen
from homeostat_contracts.neptuned.routes import neptuned
from homeostat_contracts.qemu_manager.routes import qemu_manager
from homeostat_contracts.vm_share.routes import vm_share

from . import openapi
from .accounts.lookup import AccountsLookup
from .config import CONTRACTS, ApiConfig, ContractListener
from .connections import refusal
from .gate import Gate
from .http.application import application
from .http.contract import Contract, Foundation, Pages
from .http.errors import App
from .http.routes import Route
from .metrics import Metrics
from .middleware import AnswerPages, HeadAsGet, Observe
from .resources.contracts import ServedContract
from .resources.documents import OpenApi, OpenApiYaml

SERVED: Mapping[str, Callable[[Foundation], Contract]] = {
    "limen": limen,
    "neptuned": neptuned,
    "qemu-manager": qemu_manager,
    "vm-share": vm_share,
}
"""By name: what makes a contract of what it is given."""
assert tuple(SERVED) == CONTRACTS
DOCUMENT = "/openapi.json"
"""Where each listener describes itself."""


@dataclass(frozen=True, slots=True)
class MountedContract:
    """A contract on its listener."""

    listener: ContractListener
    contract: Contract
    app: App

    @property
    def shown(self) -> ServedContract:
        host = f"[{self.listener.host}]" if ":" in self.listener.host else self.listener.host
        return ServedContract(
            name=self.listener.contract,
            title=self.contract.title,
            bind=f"{host}:{self.listener.port}",
            health=self.contract.health,
            document=DOCUMENT,
        )


def mounted(
    config: ApiConfig,
    given: Callable[[Any], Foundation],
    accounts: AccountsLookup,
    metrics: Metrics,
    attending: Sequence[Any],
) -> list[MountedContract]:
    """Returns the contracts that the configuration names, by name. ``given``: makes what a contract is given, of its settings.
    ``attending``: middleware of the mode."""
    made = [_mount(one, config, given, accounts, metrics, attending) for one in config.listeners]
    return sorted(made, key=lambda one: one.listener.contract)


def _mount(
    listener: ContractListener,
    config: ApiConfig,
    given: Callable[[Any], Foundation],
    accounts: AccountsLookup,
    metrics: Metrics,
    attending: Sequence[Any],
) -> MountedContract:
    contract = SERVED[listener.contract](given(settings_of(config.contracts, listener.contract)))

    def describe() -> dict[str, Any]:
        return openapi.describe(contract, config.token is not None or config.accounts_required)

    as_yaml = [Route(contract.yaml, OpenApiYaml(describe))] if contract.yaml else []
    refusal.SHAPES[listener.port] = contract.answers.body
    asking = contract.pages or Pages(config.origins)
    pages = (AnswerPages(asking.origins, asking.cookies, asking.any),) if asking.origins or asking.any else ()
    mine = replace(config, host=listener.host, origins=frozenset(asking.origins))
    gate = Gate(mine, contract.entrance, accounts, asking.any)
    app = application(
        [*contract.routes, Route(DOCUMENT, OpenApi(describe)), *as_yaml],
        contract.answers,
        (*pages, Observe(metrics, listener.contract), HeadAsGet(), gate, *attending),
    )
    return MountedContract(listener, contract, app)


def settings_of(contracts: ContractsSection | None, name: str) -> Any:
    """Returns the table of homeostat.toml for a contract. None: there is none."""
    return getattr(contracts or ContractsSection(), name.replace("-", "_"))


class ByListener:
    """Asks the application of the listener that a request came to. What begins and ends with the server is our own
    application's."""

    def __init__(self, own: App, contracts: Sequence[MountedContract]) -> None:
        self._own = own
        self._contracts = {one.listener.port: one.app for one in contracts}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        address = scope.get("server")
        app = self._contracts.get(address[1], self._own) if address else self._own
        await app(scope, receive, send)
