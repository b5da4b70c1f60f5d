"""What the API has to know before it serves."""

from __future__ import annotations

import hmac
import re
import socket
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.settings import SCOPES, USERNAME, OidcSettings
from homeostat.consoles.signalling import IceServer
from homeostat.driver.storage.secret import exposed
from homeostat.models.explain import in_plain_words
from homeostat.models.loopback import is_loopback
from homeostat.store.files.state import StateFolder
from homeostat.store.kubernetes.access import Access

from .http.requests.origin import Proxies, proxies_of
from .http.rights import Right

if TYPE_CHECKING:
    from homeostat.cli.configuration.sections import ContractsSection

CONTRACTS = ("limen", "neptuned", "qemu-manager", "vm-share")
"""The contracts that may be served beside our own API, on listeners of their own."""


class ConfigError(ValueError):
    """The server must not start like this. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ContractListener:
    """Where a contract is served."""

    contract: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ConsoleBounds:
    """How many consoles there may be at once, and how long one may be open, in seconds: without input, and at all."""

    per_machine: int = 16
    per_account: int = 16  # its quota may say less
    idle: float = 3600.0
    total: float = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """What the API serves, and how. ``directory``: the YAML folder. ``state``: the operator's state folder. All times are in
    seconds."""

    directory: Path | None
    state: Path
    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = field(default=None, repr=False)
    accounts_database: str | None = None  # the URL; None: the file in the state folder
    accounts_required: bool = False  # also while there are none
    oidc: OidcSettings | None = None  # the provider that signs people in, too
    proxies: Proxies = ()  # whose word counts where requests come from
    origins: frozenset[str] = frozenset()  # whose pages may ask, with a token
    keep_alive: float = 15.0  # between comments on a silent event stream
    poll: float = 0.05  # between reads of the index while somebody waits for a change
    shutdown_margin: float = 10.0  # on top of a machine's grace period, before a stop is answered unfinished
    image_folders: tuple[Path, ...] = ()  # from which requests may name files; http(s) is always allowed
    plugin_kernel: str | None = None  # boots the initramfs of a manifest that brings no kernel: address or absolute path
    rights: frozenset[Right] = frozenset(Right)  # of everybody who is admitted: there is one token, and it may do everything
    max_replicas: int = 1000  # of one deployment, as far as requests may ask
    max_upload: int = 64 * 2**30  # bytes of one image
    max_exports: int = 2  # copies of disks at once
    consoles: ConsoleBounds = ConsoleBounds()
    ice: tuple[IceServer, ...] = ()  # for WebRTC
    listeners: tuple[ContractListener, ...] = ()  # of contracts
    contracts: ContractsSection | None = None  # the settings of each
    cluster: Access | None = None  # Kubernetes mode: then there is no directory
    namespace: str = "default"  # whose resources are served
    stopping: Callable[[], bool] = field(default=lambda: False, repr=False)  # the server is shutting down

    @property
    def uploads_elsewhere(self) -> str:
        """Says why a file that was uploaded here would be of no use; empty: it is of use."""
        if self.cluster is None or StateFolder(self.state).operator_runs:
            return ""
        return (
            "this API server of a cluster has no operator beside it, so that no host would see an uploaded file: upload to the "
            "API server that shares the state folder of a host, or give the image by its url"
        )

    @property
    def named_sources(self) -> frozenset[str]:
        """Returns the files and addresses of images that the server's owner named himself."""
        limen = self.contracts.limen if self.contracts is not None else None
        named = (self.plugin_kernel, *((limen.images or {}).values() if limen is not None else ()))
        return frozenset(source for source in named if source)

    @property
    def accounts(self) -> str:
        """Returns the URL of the accounts database."""
        # Late: it brings SQLAlchemy, which `homeostat up` has no use for.
        from homeostat.accounts.database.database import sqlite_url

        return self.accounts_database or sqlite_url(StateFolder(self.state).accounts)

    @property
    def clustered(self) -> bool:
        return self.cluster is not None

    @property
    def operator_socket(self) -> Path:
        return StateFolder(self.state).operator_socket

    def admits(self, authorization: str | None, key: str | None = None) -> bool:
        """Tells whether an Authorization header carries the token, or ``key`` is the token. The time that it takes reveals
        nothing of it."""
        if self.token is None:
            return False
        scheme, _, given = (authorization or "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self.token.encode())
        same = hmac.compare_digest((key or "").strip().encode(), self.token.encode())
        return (right and scheme.lower() == "bearer") or same


def listening(bind: str, token_file: Path | None, accounts_required: bool = False) -> tuple[str, int, str | None]:
    """Returns the host, the port and the token to listen with. ``up`` asks this too, before it starts anything.

    Raises:
        ConfigError: the server must not, or cannot, listen like this.
    """
    host, port = parse_bind(bind)
    token = read_token(token_file) if token_file else None
    guard_bind(host, token, accounts_required)
    try:
        socket.getaddrinfo(host or None, port, family_of(host), socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter: no name can be spelled so
        why = getattr(error, "strerror", None) or "no host can be called that"
        raise ConfigError(
            f"--bind {bind}: the host {host} cannot be resolved ({why}). Give an address of this host, such as 127.0.0.1:{port}"
        ) from error
    return host, port, token


def contract_listeners(
    given: Iterable[str], bind: str, token: str | None, accounts_required: bool = False
) -> tuple[ContractListener, ...]:
    """Reads ``NAME=HOST:PORT`` of each contract that is to be served. ``bind``: where our own API listens.

    Raises:
        ConfigError: there is no such contract, it must not listen there, or something else does.
    """
    found: list[ContractListener] = []
    taken = {parse_bind(bind)[1]: "the API"}
    for one in given:
        name, _, address = one.partition("=")
        if name not in CONTRACTS:
            raise ConfigError(f"--contract {one}: there is no contract of that name; there are {', '.join(CONTRACTS)}")
        try:
            host, port = parse_bind(address)
            guard_bind(host, token, accounts_required)
        except ConfigError as error:
            raise ConfigError(f"--contract {one}: {str(error).removeprefix('--bind ')}") from error
        if port in taken:
            raise ConfigError(f"--contract {one}: {taken[port]} has port {port}: give each a port of its own")
        taken[port] = name
        found.append(ContractListener(name, host, port))
    return tuple(found)


def settings_of_contracts(table: str | None) -> ContractsSection | None:
    """Returns what [contracts] says. ``table``: the same as JSON.

    Raises:
        ConfigError: it cannot be like that.
    """
    if table is None:
        return None
    from homeostat.cli.configuration.sections import ContractsSection

    try:
        return ContractsSection.model_validate_json(table)
    except ValidationError as error:
        raise ConfigError(f"[contracts]: {'; '.join(map(in_plain_words, error.errors()))}") from error


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def parse_bind(bind: str) -> tuple[str, int]:
    """Reads ``HOST:PORT`` as (host, port); an IPv6 host is in brackets.

    Raises:
        ConfigError: not of that form.
    """
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65535:
        raise ConfigError(f"--bind {bind}: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return host, int(port)


def read_token(path: Path) -> str:
    """Returns the token in ``path``.

    Raises:
        ConfigError: it cannot be read, others can read it too, or the token is too short to be one.
    """
    token = _secret_in(path, f"--token-file {path}", "token")
    if len(token) < 16 or any(c.isspace() for c in token):
        raise ConfigError(
            f"--token-file {path}: must hold one token of at least 16 characters, such as `openssl rand -hex 32` prints"
        )
    return token


def _secret_in(path: Path, named: str, what: str) -> str:
    try:
        found = path.stat()
        secret = path.read_text(encoding="utf-8").strip() if stat.S_ISREG(found.st_mode) else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{named}: cannot be read: {error}. Name a file of mode 0600 with one {what}") from error
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{named}: is no regular file. Name a file of mode 0600 with one {what}")
    if why := exposed(found):
        raise ConfigError(f"{named}: {why}: chmod 600 {path}")
    return secret


def provider_of(told: str | None) -> OidcSettings | None:
    """Returns the provider that [accounts.oidc] names. ``told``: the table as JSON.

    Raises:
        ConfigError: it cannot be like that, or the file of its secret is none.
    """
    if told is None:
        return None
    from homeostat.cli.configuration.sections import OidcSection

    try:
        table = OidcSection.model_validate_json(told)
    except ValidationError as error:
        raise ConfigError(f"[accounts.oidc]: {'; '.join(map(in_plain_words, error.errors()))}") from error
    file = table.client_secret_file
    secret = _secret_in(file, f"client-secret-file {file}", "secret") if file is not None else None
    if secret is not None and not (secret.isprintable() and 1 <= len(secret) <= 1024):
        raise ConfigError(f"client-secret-file {file}: must hold the client's secret, in one line")
    return OidcSettings(
        table.issuer,
        table.client_id,
        secret,
        tuple(SCOPES if table.scopes is None else table.scopes),
        table.username_claim or USERNAME,
        bool(table.create),
        frozenset(domain.lower() for domain in table.email_domains or ()),
        table.role_claim,
        {name: Role(role) for name, role in (table.roles or {}).items()},
        table.redirect_uri,
    )


_ICE = re.compile(r"(stun|turns?):(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?(\?transport=(udp|tcp))?", re.IGNORECASE)


def ice_servers(urls: Iterable[str], username: str | None, credential_file: Path | None) -> tuple[IceServer, ...]:
    """Returns the servers that help viewers by WebRTC, and this server, to find each other.

    Raises:
        ConfigError: one is none, TURN lacks a name or a password, or these are of no use.
    """
    given = tuple(urls)
    for url in given:
        if not _ICE.fullmatch(url):
            raise ConfigError(
                f"--consoles-ice-server {url}: write stun:HOST:3478, turn:HOST:3478 or turns:HOST:5349?transport=tcp"
            )
    stun = tuple(url for url in given if url.lower().startswith("stun:"))
    turn = tuple(url for url in given if url not in stun)
    if bool(turn) is not (username is not None) or bool(turn) is not (credential_file is not None):
        raise ConfigError("a TURN server, --consoles-turn-username and --consoles-turn-credential-file go together")
    found = [IceServer(stun)] if stun else []
    if credential_file is not None:
        named = f"--consoles-turn-credential-file {credential_file}"
        if not (credential := _secret_in(credential_file, named, "password")) or not credential.isprintable():
            raise ConfigError(f"{named}: must hold the password, in one line")
        found.append(IceServer(turn, username, credential))
    return tuple(found)


_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?")  # as browsers write it


def allowed_origins(given: Iterable[str], token: str | None, accounts_required: bool = False) -> frozenset[str]:
    """Returns the origins whose pages may ask.

    Raises:
        ConfigError: one is no origin, or there is no token: then whoever opens such a page would command the machines.
    """
    origins = frozenset(given)
    for origin in sorted(origins):
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"--allow-origin {origin}: write it as browsers do, such as https://panel.example or http://localhost:5173"
            )
    if origins and token is None and not accounts_required:
        raise ConfigError(
            "--allow-origin needs --token-file FILE, or --require-accounts: else every such page would command the machines"
        )
    return origins


def guard_bind(host: str, token: str | None, accounts_required: bool = False) -> None:
    """Refuses to serve the network to whoever asks.

    Raises:
        ConfigError: ``host`` can be reached from outside, and there is neither a token nor must everybody sign in.
    """
    if token is None and not accounts_required and not is_loopback(host):
        raise ConfigError(
            f"--bind {host or '(all addresses)'} can be reached from other hosts, and whoever reaches the API commands the "
            "machines. Bind to 127.0.0.1, or give --token-file FILE (mode 0600) so that requests need a bearer token, or "
            "--require-accounts so that everybody signs in."
        )


def proxies_named(given: Iterable[str]) -> Proxies:
    """Returns the proxies whose word counts.

    Raises:
        ConfigError: one is no address.
    """
    try:
        return proxies_of(tuple(given))
    except ValueError as error:
        raise ConfigError(f"--trusted-proxy: {error}. Give an address or a network, such as 10.0.0.5 or 10.0.0.0/28") from error
