"""The option --host of `up` and `plan`: the hosts that the machines of a folder are spread over. The state remembers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from homeostat.models.host import HostMeta

from .errors import CliError
from .settings import CliSettings

F = TypeVar("F", bound=Callable[..., Any])


def host_option(command: F) -> F:
    """Adds --host, as ``hosts``."""
    return click.option(
        "--host",
        "hosts",
        metavar="NAME=URI",
        multiple=True,
        help="A host to spread the machines over, and its libvirt; repeatable. Default: those of the state's last `up`.",
    )(command)


def chosen_hosts(settings: CliSettings, given: Sequence[str], labels: Sequence[str]) -> Mapping[str, str]:
    """Returns the libvirts of the hosts to serve, by name. Empty: only the one of --connect. ``labels``: those of --host-label.

    Raises:
        CliError: an option has no host, or options do not go together.
        StateError: the remembered hosts cannot be read.
    """
    hosts = parsed_hosts(given) if given else settings.hosts
    if hosts and settings.asked_uri:
        if given:
            mend = "--host names each libvirt: leave --connect (also HOMEOSTAT_CONNECT, and connect in homeostat.toml) out"
            raise CliError("--host and --connect do not go together", mend)
        raise CliError(
            f"the machines of this state are on {whose(hosts)}, and --connect names one libvirt",
            f"leave --connect out; or `homeostat down`, then remove {settings.state}/hosts.json, to go on with one host",
        )
    if hosts and labels:
        raise CliError(
            f"--host-label gives labels to one host, and there are {len(hosts)}", "write them into Host documents of the folder"
        )
    return hosts


def whose(hosts: Mapping[str, str]) -> str:
    """Names hosts in a sentence."""
    return f"host{'' if len(hosts) == 1 else 's'} {', '.join(hosts)}"


def parsed_hosts(given: Sequence[str]) -> dict[str, str]:
    """Returns the libvirts of hosts by name, from texts NAME=URI.

    Raises:
        CliError: one is none, or two are the same.
    """
    from homeostat.driver.survey.survey import same_libvirt  # imported late, because other commands need no libvirt

    found: dict[str, str] = {}
    for text in given:
        name, equals, uri = (part.strip() for part in text.partition("="))
        if not (name and equals and uri):
            raise CliError(f"--host {text} is not NAME=URI", "such as --host a=qemu:///system --host b=qemu+ssh://b.lan/system")
        try:
            HostMeta(name=name)
        except ValueError:
            mend = "a DNS name in lower case, as a node's is: letters, digits and '-', joined by '.'"
            raise CliError(f"--host {text}: {name} is no name of a host", mend) from None
        if name in found:
            raise CliError(f"--host {name} is given twice", "each host has a name of its own")
        other = next((known for known, libvirt in found.items() if same_libvirt(libvirt, uri)), None)
        if other is not None:
            raise CliError(f"hosts {other} and {name} are the same libvirt, {uri}", "name it once")
        found[name] = uri
    return found
