"""Runs the API under gunicorn: one worker, no configuration file, no control socket."""

from __future__ import annotations

import ctypes
import errno
import signal
import socket
import sys
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from homeostat.cli.api_options import CONNECTIONS, api_options
from homeostat.cli.configuration.defaults import api_defaults
from homeostat.cli.configuration.place import VARIABLE, find
from homeostat.cli.configuration.reading import load
from homeostat.cli.errors import CliError
from homeostat.models.outside import one_line, redacted
from homeostat.store.errors import StoreError
from homeostat.store.kubernetes.access import Access

from . import logs
from .app import create_listeners
from .config import (
    ApiConfig,
    ConfigError,
    ConsoleBounds,
    allowed_origins,
    contract_listeners,
    family_of,
    ice_servers,
    listening,
    provider_of,
    proxies_named,
    settings_of_contracts,
)
from .connections import limits
from .connections.tls import Certificate, certificate_of
from .mounted import ByListener

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_MENDS = {
    errno.EADDRNOTAVAIL: "no interface of this host has that address (`ip address` lists them): give --bind",
    errno.EACCES: "ports below 1024 need root, or CAP_NET_BIND_SERVICE: give --bind",
}
GRACE = 2  # seconds that open requests get when the server stops; event streams end by themselves


class Server(BaseApplication):  # type: ignore[misc]
    """The gunicorn application. ``options`` are gunicorn's settings: https://gunicorn.org/reference/settings/"""

    def __init__(
        self,
        config: ApiConfig,
        workers: int = 1,
        connections: int = CONNECTIONS,
        certificate: Certificate | None = None,
        **options: Any,
    ) -> None:
        self._config = config
        self.certificate = certificate  # the worker takes it from here. gunicorn's own would serve http where it cannot be read
        self._worker: Any = None
        self._options = {
            "bind": [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in _listening(config)],
            "workers": workers,
            "worker_class": "homeostat_api.connections.worker.Worker",
            "websocket_max_message_size": limits.MESSAGE_MAX,
            "worker_connections": limits.connections(connections),
            "logger_class": "homeostat_api.logs.ServerLog",
            "http_parser": "python",  # also where gunicorn's faster one is installed: limits and errors were tested with this one
            "control_socket_disable": True,
            "keepalive": 75,
            "graceful_timeout": GRACE,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "proc_name": "homeostat-api",
            "forwarded_allow_ips": "",
            "when_ready": _Hangup().ends,
            "post_worker_init": self._remember,
            **options,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> ByListener:
        """Builds the applications in the worker: SQLite connections do not survive a fork."""
        try:
            return create_listeners(replace(self._config, stopping=self._stopping))
        except StoreError as error:
            print(f"homeostat-api: {one_line(redacted(str(error)))}", file=sys.stderr)
            # gunicorn takes this status for "do not try again".
            sys.exit(4)

    def _remember(self, worker: Any) -> None:
        self._worker = worker

    def _stopping(self) -> bool:
        return self._worker is not None and not self._worker.alive


class _Hangup:
    """What SIGHUP does, which comes where a terminal ends. gunicorn would read its configuration again, of which it has none."""

    def __init__(self) -> None:
        self._ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as under nohup; gunicorn does not ask

    def ends(self, arbiter: Any) -> None:
        """Makes it the same as SIGTERM, where it is not ignored."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN if self._ignored else lambda *_: arbiter.signal(signal.SIGTERM, None))


def _end_with_parent() -> None:
    """Asks the kernel for SIGTERM when the process that started us dies, however it dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def _addresses(host: str) -> list[str]:
    """Returns what to listen on. localhost means both loopback addresses, because some programs try only the first of them."""
    if host != "localhost":
        return [host]
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:  # a host without IPv6
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


def _listening(config: ApiConfig) -> list[tuple[str, int]]:
    """Returns all addresses to listen on, those of contracts included."""
    named = [(config.host, config.port), *((one.host, one.port) for one in config.listeners)]
    return [(address, port) for host, port in named for address in _addresses(host)]


def _check_free(config: ApiConfig) -> None:
    """Checks the ports first. gunicorn would try for 5 s, and report each ten times.

    Raises:
        click.ClickException: another program listens there, or we may not.
    """
    for host, port in _listening(config):
        try:
            with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            mend = _MENDS.get(error.errno or 0, "stop what listens there (`ss -ltnp`), or give another address")
            raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror or error}; {mend}") from error


def _configure(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Takes the defaults of the options from the configuration, as `homeostat` does."""
    try:
        ctx.default_map = dict(api_defaults(load(find(value))))
    except CliError as error:
        raise click.UsageError("\n".join(filter(None, (str(error), error.mend)))) from error


@click.command()
@click.option(
    "--config",
    metavar="FILE",
    envvar=VARIABLE,
    expose_value=False,
    is_eager=True,
    callback=_configure,
    help="Default: /etc/homeostat/homeostat.toml as root, else ~/.config/homeostat/homeostat.toml.",
)
@click.option("--dir", "directory", type=click.Path(file_okay=False, path_type=Path), help="The YAML folder.")
@click.option("--kubernetes", is_flag=True, help="Serve a cluster's resources instead of a folder's.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="With --kubernetes. Default: $KUBECONFIG, else the pod's service account, else ~/.kube/config.",
)
@click.option("--context", metavar="NAME", help="Of the kubeconfig. Default: its current one.")
@click.option("--namespace", default="default", show_default=True, metavar="NAME", help="Whose resources are served.")
@click.option(
    "--state", required=True, type=click.Path(file_okay=False, resolve_path=True, path_type=Path), help="The state folder."
)
@api_options
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--end-with-parent", is_flag=True, help="Stop when the process that started this one ends.")
def main(
    directory: Path | None,
    kubernetes: bool,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str,
    state: Path,
    bind: str,
    token_file: Path | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    accounts_required: bool,
    accounts_database: str | None,
    accounts_oidc: str | None,
    trusted_proxies: tuple[str, ...],
    allow_origins: tuple[str, ...],
    workers: int,
    image_folders: tuple[Path, ...],
    plugin_kernel: str | None,
    max_replicas: int,
    max_upload: int,
    max_exports: int,
    max_connections: int,
    consoles_per_machine: int,
    consoles_per_account: int,
    consoles_idle: float,
    consoles_total: float,
    consoles_ice_server: tuple[str, ...],
    consoles_turn_username: str | None,
    consoles_turn_credential_file: Path | None,
    contracts: tuple[str, ...],
    contract_settings: str | None,
    end_with_parent: bool,
) -> None:
    """Serve Homeostat's REST API. Exit status 2: refused, and why."""
    logs.begin()
    if (directory is None) is not kubernetes:
        raise click.UsageError("give --dir DIR, or --kubernetes: the one or the other")
    try:
        host, port, token = listening(bind, token_file, accounts_required)
        proxies, certificate = proxies_named(trusted_proxies), certificate_of(tls_certificate, tls_key)
        origins, provider = allowed_origins(allow_origins, token, accounts_required), provider_of(accounts_oidc)
        ice = ice_servers(consoles_ice_server, consoles_turn_username, consoles_turn_credential_file)
        listeners = contract_listeners(contracts, bind, token, accounts_required)
        tables = settings_of_contracts(contract_settings)
        cluster = Access(kubeconfig, context) if kubernetes else None
    except (ConfigError, StoreError) as error:
        raise click.UsageError(str(error)) from error
    config = ApiConfig(
        directory, state, host, port, token, accounts_database, accounts_required, provider, proxies, origins,
        image_folders=tuple(folder.absolute() for folder in image_folders), plugin_kernel=plugin_kernel,
        max_replicas=max_replicas, max_upload=max_upload, max_exports=max_exports,
        consoles=ConsoleBounds(consoles_per_machine, consoles_per_account, consoles_idle or inf, consoles_total or inf),
        ice=ice, listeners=listeners, contracts=tables,
        cluster=cluster, namespace=namespace,
    )  # fmt: skip
    _check_free(config)
    if end_with_parent:
        _end_with_parent()
    Server(config, workers, max_connections, certificate).run()
