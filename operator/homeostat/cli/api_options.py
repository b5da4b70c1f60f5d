"""The options of the API, declared only here: `homeostat up` takes them and passes them on, and `python -m homeostat_api` reads
them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from homeostat.models.deployment import REPLICAS_MAX
from homeostat.models.quantity import parse_quantity

from .configuration.place import PREFIX
from .durations import DurationType
from .paths import NamedPath

F = TypeVar("F", bound=Callable[..., Any])

BIND = "127.0.0.1:8080"
REPLICAS = 1000
UPLOAD = 64 * 2**30  # bytes
EXPORTS = 2  # each takes as much of the state folder's disk as it is long
CONNECTIONS = 2_000  # of one worker. Each may hold up to 256 KiB that nobody has read yet
CONSOLES = 16  # of one machine, and of one account
CONSOLE_IDLE = 3600.0  # seconds
CONSOLE_TOTAL = 12 * 3600.0
UNLIMITED = "sets no limit"


class _Quantity(click.ParamType["int"]):
    """Bytes, as Kubernetes writes them: 512Mi, 10Gi."""

    name = "quantity"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_quantity(int(value) if str(value).isdigit() else value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


QUANTITY = _Quantity()
_DECLARED: dict[str, tuple[str, Mapping[str, Any]]] = {
    "bind": ("--bind", {"default": BIND, "show_default": True, "metavar": "HOST:PORT", "help": "Where the API listens."}),
    "token_file": (
        "--token-file",
        {
            "type": NamedPath(path_type=Path),
            "metavar": "FILE",
            "help": "A bearer token for the API (needed beyond loopback).",
        },
    ),
    "tls_certificate": (
        "--tls-certificate",
        {
            "type": NamedPath(path_type=Path),
            "metavar": "FILE",
            "help": "Serve https with it and its chain (PEM); renewed files are read again.",
        },
    ),
    "tls_key": ("--tls-key", {"type": NamedPath(path_type=Path), "metavar": "FILE", "help": "Its key (PEM, mode 0600)."}),
    "accounts_required": (
        "--require-accounts",
        {"is_flag": True, "default": False, "help": "Let nobody in who has not signed in, also while there are no accounts."},
    ),
    "accounts_database": (
        "--accounts-database",
        # The configuration says it: other commands open the same database.
        {"metavar": "URL", "hidden": True, "help": "Of the accounts. Default: accounts.db in the state folder."},
    ),
    "accounts_oidc": (
        "--accounts-oidc",
        # The configuration says it, in a table.
        {"metavar": "JSON", "hidden": True, "help": "What [accounts.oidc] says."},
    ),
    "trusted_proxies": (
        "--trusted-proxy",
        {
            "metavar": "ADDRESS",
            "multiple": True,
            "help": "Whose X-Forwarded-For and -Proto say where requests come from: an address or a network; repeatable.",
        },
    ),
    "allow_origins": (
        "--allow-origin",
        {
            "metavar": "ORIGIN",
            "multiple": True,
            "help": "Whose pages may ask, with the token, such as https://panel.example; repeatable.",
        },
    ),
    "image_folders": (
        "--image-folder",
        {
            "type": NamedPath(file_okay=False, path_type=Path),
            "metavar": "DIR",
            "multiple": True,
            "help": "A folder whose files API requests may name; repeatable.",
        },
    ),
    "plugin_kernel": (
        "--plugin-kernel",
        {"metavar": "URL", "help": "Kernel for plugins whose manifest brings an initramfs alone."},
    ),
    "max_replicas": (
        "--max-replicas",
        {
            "metavar": "N",
            "type": click.IntRange(0, REPLICAS_MAX),
            "default": REPLICAS,
            "show_default": True,
            "help": "What API requests may ask for.",
        },
    ),
    "max_upload": (
        "--max-upload",
        {
            "metavar": "SIZE",
            "type": QUANTITY,
            "default": str(UPLOAD),
            "show_default": "64Gi",
            "help": "The largest image that may be uploaded.",
        },
    ),
    "max_exports": (
        "--max-exports",
        {
            "metavar": "N",
            "type": click.IntRange(0, 1000),
            "default": EXPORTS,
            "show_default": True,
            "help": "Copies of disks that are made and sent at once.",
        },
    ),
    "max_connections": (
        "--max-connections",
        {
            "metavar": "N",
            "type": click.IntRange(16, 100_000),
            "default": CONNECTIONS,
            "show_default": True,
            "help": "To the API; beyond them, who sends nothing gives way.",
        },
    ),
    "consoles_per_machine": (
        "--consoles-per-machine",
        {
            "metavar": "N",
            "type": click.IntRange(1, 1000),
            "default": CONSOLES,
            "show_default": True,
            "help": "Consoles of one machine that may be open at once.",
        },
    ),
    "consoles_per_account": (
        "--consoles-per-account",
        {
            "metavar": "N",
            "type": click.IntRange(1, 1000),
            "default": CONSOLES,
            "show_default": True,
            "help": "Consoles of one account that may be open at once; its quota may say less.",
        },
    ),
    "consoles_idle": (
        "--consoles-idle",
        {
            "metavar": "TIME",
            "type": DurationType(UNLIMITED),
            "default": CONSOLE_IDLE,
            "show_default": "1h",
            "help": f"How long a console stays open without anything typed; 0 {UNLIMITED}.",
        },
    ),
    "consoles_total": (
        "--consoles-total",
        {
            "metavar": "TIME",
            "type": DurationType(UNLIMITED),
            "default": CONSOLE_TOTAL,
            "show_default": "12h",
            "help": f"How long a console stays open at all; 0 {UNLIMITED}.",
        },
    ),
    "consoles_ice_server": (
        "--consoles-ice-server",
        {"metavar": "URL", "multiple": True, "help": "A STUN or TURN server for WebRTC, such as stun:HOST:3478; repeatable."},
    ),
    "consoles_turn_username": ("--consoles-turn-username", {"metavar": "NAME", "help": "The user's name at the TURN server."}),
    "consoles_turn_credential_file": (
        "--consoles-turn-credential-file",
        {"type": NamedPath(path_type=Path), "metavar": "FILE", "help": "A file of mode 0600 with his password there."},
    ),
    "contracts": (
        "--contract",
        {
            "metavar": "NAME=HOST:PORT",
            "multiple": True,
            "help": "Serve another contract there, such as qemu-manager=127.0.0.1:5000; repeatable.",
        },
    ),
    "contract_settings": (
        "--contract-settings",
        # The configuration says it, in tables.
        {"metavar": "JSON", "hidden": True, "help": "What the tables of [contracts] say."},
    ),
}
"""The options, by the names of the fields of ApiOptions."""


def api_options(command: F) -> F:
    """Adds all of them, by the names of their fields."""
    for name, (flag, declared) in reversed(_DECLARED.items()):
        command = click.option(flag, name, **declared)(command)
    return command


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """What an API beside an operator is started with."""

    folder: Path
    state: Path
    bind: str = BIND
    token_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    accounts_required: bool = False
    accounts_database: str | None = None
    accounts_oidc: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    image_folders: tuple[Path, ...] = ()  # folders from which requests may name files
    plugin_kernel: str | None = None
    max_replicas: int = REPLICAS
    max_upload: int = UPLOAD
    max_exports: int = EXPORTS
    max_connections: int = CONNECTIONS
    consoles_per_machine: int = CONSOLES
    consoles_per_account: int = CONSOLES
    consoles_idle: float = CONSOLE_IDLE
    consoles_total: float = CONSOLE_TOTAL
    consoles_ice_server: tuple[str, ...] = ()
    consoles_turn_username: str | None = None
    consoles_turn_credential_file: Path | None = None
    contracts: tuple[str, ...] = ()
    contract_settings: str | None = None

    @property
    def address(self) -> str:
        return f"{'https' if self.tls_certificate else 'http'}://{self.bind}"

    @property
    def folders(self) -> Sequence[Path]:
        return [folder.absolute() for folder in self.image_folders]

    @property
    def command(self) -> Sequence[str]:
        where = ["--config", os.devnull, "--dir", str(self.folder), "--state", str(self.state)]  # all of it is given here
        return [sys.executable, "-m", "homeostat_api", *where, "--end-with-parent", *self._given()]

    @property
    def environment(self) -> Mapping[str, str]:
        """Returns what is said by variables alone, since others can read the list of processes: a URL may hold a password."""
        tables = json.loads(self.contract_settings or "{}")
        said = {
            "ACCOUNTS__DATABASE": self.accounts_database,
            "ACCOUNTS__OIDC": self.accounts_oidc,
            **{f"CONTRACTS__{name.upper()}": json.dumps(table) for name, table in tables.items()},
        }
        return {f"{PREFIX}{name}": value for name, value in said.items() if value is not None}

    def _given(self) -> Iterator[str]:
        for name, (flag, _) in _DECLARED.items():
            given = getattr(self, name)
            if isinstance(given, bool):
                yield from (flag,) if given else ()
                continue
            if name in ("accounts_database", "accounts_oidc", "contract_settings"):
                continue
            for value in given if isinstance(given, tuple) else () if given is None else (given,):
                yield from (flag, str(value))
