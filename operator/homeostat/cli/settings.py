"""The options that every command shares: configuration, state, namespace, folder and hypervisor. As in kubectl, they may stand
before and after the name of the command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .errors import CliError
from .paths import NamedText

if TYPE_CHECKING:
    from homeostat.store.files.state import StateFolder

    from .configuration.sections import Configuration
    from .remote.server import RemoteServer

F = TypeVar("F", bound=Callable[..., Any])

NO_SERVER = "none"
"""What --server says for this host, where the configuration names a server."""


@dataclass(slots=True)
class CliSettings:
    """What was given. The properties fill in the rest."""

    given_state: str | None = None
    given_namespace: str | None = None
    given_folder: str | None = None
    given_uri: str | None = None
    given_config: str | None = None
    given_server: str | None = None
    given_token_file: str | None = None
    configuration: Configuration | None = None  # None: neither a file nor the environment says more
    _remote: RemoteServer | None = None

    @property
    def server(self) -> str | None:
        """Returns the address of the REST API that was given or configured. None: commands work on this host."""
        named = self._configured("server") if self.given_server is None else self.given_server
        return named if named and named != NO_SERVER else None

    @property
    def token_file(self) -> Path | None:
        """Returns the file of a token that was given, for a REST API."""
        return Path(self.given_token_file).expanduser() if self.given_token_file else None

    @property
    def remote(self) -> RemoteServer | None:
        """Returns the REST API that was given, as the same object each time. None: commands work on this host.

        Raises:
            CliError: it has no address that may be asked.
        """
        if self._remote is None and self.server is not None:
            from .remote.server import RemoteServer

            self._remote = RemoteServer(self.server, self.token_file)
        return self._remote

    @property
    def asked_folder(self) -> str | None:
        """Returns the YAML folder that was given or configured."""
        return self.given_folder or self._configured("dir")

    @property
    def asked_uri(self) -> str | None:
        """Returns the libvirt that was given or configured."""
        return self.given_uri or self._configured("connect")

    def _configured(self, field: str) -> str | None:
        value = getattr(self.configuration, field, None)
        return None if value is None else str(value)

    @property
    def state(self) -> Path:
        """Returns the state folder by its real path, see StateFolder.open."""
        return self._room.root

    @property
    def _room(self) -> StateFolder:
        from homeostat.store.files.state import StateFolder  # imported late, because `homeostat version` needs no store

        named = self.given_state or self._configured("state")
        return StateFolder.named(Path(named).expanduser() if named else None)

    @property
    def namespace(self) -> str:
        """Returns the namespace that was given or configured, or the one that the REST API has.

        Raises:
            CliError: what was given cannot be a namespace, or that API cannot be asked.
        """
        if given := self.given_namespace or self._configured("namespace"):
            return _checked(given)
        return self.remote.namespace if self.remote is not None else "default"

    def require_every_namespace(self, command: str) -> None:
        """Requires that -n names no namespace, for a command that is about all of them.

        Raises:
            CliError: it names one.
        """
        if self.given_namespace is not None:
            what = f"`homeostat {command}` is about every namespace, and -n names {self.given_namespace}"
            raise CliError(what, "nothing was done: leave -n out to mean all of them")

    @property
    def uri(self) -> str:
        """Returns the libvirt that was given or configured, or that of the state's last `up`."""
        return self.asked_uri or self._room.libvirt or ("qemu:///system" if os.geteuid() == 0 else "qemu:///session")

    @property
    def hosts(self) -> Mapping[str, str]:
        """Returns the libvirts of the hosts of the state's last `up`, by name. Empty: there is only one.

        Raises:
            StateError: what is remembered cannot be read.
        """
        from homeostat.store.files.hosts import served_hosts

        return served_hosts(self._room)

    def uri_of(self, host: str | None) -> str:
        """Returns the libvirt that a machine is on. ``host``: the one in its status.

        Raises:
            CliError: its host is one of several, and is not served.
        """
        hosts = self.hosts
        if self.asked_uri or not hosts:
            return self.uri
        if host is None or host not in hosts:
            where = f"host {host}, which no --host of the last `homeostat up` named" if host else "no host yet"
            raise CliError(f"it is on {where}", f"served are {', '.join(hosts)}")
        return hosts[host]

    def folder(self, argument: str | None = None) -> Path:
        """Returns the YAML folder: the argument of the command, --dir, the configured one, or the one that the state serves.

        Raises:
            CliError: none of them names one.
        """
        given = argument or self.asked_folder
        if given:
            return Path(given).expanduser().absolute()
        recorded = self._room.folder
        if recorded is None:
            raise CliError(
                f"which folder of YAML? None was given, and the state {self.state} records none",
                "name the folder, set HOMEOSTAT_DIR, or give --state of an operator that has one",
            )
        return recorded

    def existing_state(self) -> Path:
        """Returns the state folder, for readers.

        Raises:
            CliError: no operator ever ran on it.
        """
        if not self._room.index.exists():
            if self._room.identity.exists():
                raise CliError(
                    f"the index of the state folder {self.state} has been removed",
                    "an operator that runs puts it back at once: try again; else `homeostat up` rebuilds it from the YAML folder",
                )
            raise CliError(
                f"no operator has run on the state folder {self.state} yet",
                "start one with `homeostat up DIR`, or name another folder with --state (or HOMEOSTAT_STATE)",
            )
        return self.state


def _keep(field: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def callback(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        settings = ctx.find_object(CliSettings)
        if settings is None:
            settings = ctx.obj = CliSettings()
        # The environment counts only where no option is given: the group reads it first.
        if value is not None:
            setattr(settings, field, value)

    return callback


def _configure(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Reads the configuration file that is named after a command."""
    if value is not None:
        settings = ctx.ensure_object(CliSettings)
        settings.given_config = value
        ctx.default_map = configure(settings).get(ctx.info_name or "", {})


def configure(settings: CliSettings) -> MutableMapping[str, MutableMapping[str, Any]]:
    """Reads the configuration, if there is one, and returns what it makes of the commands' defaults.

    Raises:
        CliError: it holds a mistake, or was named and is not there.
    """
    from .configuration.place import find, speaks  # what reads it takes time to import, and most have none

    path = find(settings.given_config)
    if path is None and not speaks():
        return {}
    from .configuration.defaults import defaults
    from .configuration.reading import load

    settings.configuration = load(path)
    return defaults(settings.configuration)


def _option(field: str, *names: str, **kwargs: Any) -> Callable[[F], F]:
    return click.option(*names, type=NamedText(), expose_value=False, callback=_keep(field), is_eager=True, **kwargs)


def common_options(*, environment: bool = False, remote: bool = False) -> Callable[[F], F]:
    """Adds --config, --state, -n, --dir and --connect. ``environment``: takes defaults from there, which only the group does.
    ``remote``: the command also works over a REST API, which --server names."""

    def name(variable: str) -> str | None:
        return variable if environment else None

    def decorate(command: F) -> F:
        for add in reversed(
            (
                click.option(
                    "--config", type=NamedText(), metavar="FILE", envvar=name("HOMEOSTAT_CONFIG"), show_envvar=environment,
                    expose_value=False, callback=_keep("given_config") if environment else _configure, is_eager=True,
                    help="Default: /etc/homeostat/homeostat.toml as root, else ~/.config/homeostat/homeostat.toml.",
                ),
                _option(
                    "given_state", "--state", metavar="DIR", envvar=name("HOMEOSTAT_STATE"), show_envvar=environment,
                    help="State folder. Default: /var/lib/homeostat as root, else ~/.local/state/homeostat.",
                ),
                _option("given_namespace", "-n", "--namespace", metavar="NAME", help="Namespace. Default: default."),
                _option(
                    "given_folder", "--dir", metavar="DIR", envvar=name("HOMEOSTAT_DIR"), show_envvar=environment,
                    help="YAML folder. Default: the one the state serves.",
                ),
                _option(
                    "given_uri", "--connect", metavar="URI", envvar=name("HOMEOSTAT_CONNECT"), show_envvar=environment,
                    help="libvirt. Default: the one the state's last `up` had; at first qemu:///system as root, else qemu:///session.",
                ),
                *(_remote_options(name("HOMEOSTAT_SERVER")) if remote else ()),
            )
        ):  # fmt: skip
            command = add(command)
        return command

    return decorate


def _remote_options(variable: str | None) -> tuple[Callable[[F], F], ...]:
    return (
        _option(
            "given_server", "--server", metavar="URL", envvar=variable, show_envvar=variable is not None,
            help="Work over the REST API there, as whoever signed in with `homeostat login URL`, and not on this host. none: on "
            "this host, where the configuration names a server.",
        ),
        _option(
            "given_token_file", "--token-file", metavar="FILE", help="A token for the REST API, instead of a session."
        ),
    )  # fmt: skip


def _checked(namespace: str) -> str:
    from homeostat.models.base import check_name  # imported late, because `homeostat version` needs no models

    try:
        return check_name(namespace)
    except ValueError as error:
        raise CliError(f'"{namespace}" is no namespace: it {error}') from None


pass_settings = click.make_pass_decorator(CliSettings, ensure=True)
