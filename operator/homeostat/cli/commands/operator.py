"""``homeostat operator``: the operator over the resources of a Kubernetes cluster. For a folder of YAML see ``up``."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from homeostat.planner.allowed import Allowed
from homeostat.runtime.log_lines import log_to_stderr

from ..access import run
from ..allowed_options import allowed_options
from ..cluster_options import cluster_options
from ..durations import trash_keep_option
from ..ending import end_by_signals
from ..errors import CliError, debugging
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say

if TYPE_CHECKING:
    from homeostat.assembly.clustered import ClusterOptions
    from homeostat.runtime.telemetry import TelemetryPort


PATIENCE = 25.0
"""Seconds that the work under way may take to end when we are asked to stop. A pod is killed after 30."""


@click.command()
@cluster_options
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="A Host to serve, made where it is missing; repeatable. Default: this machine's name, unless --host-selector is given.",
)
@click.option("--host-selector", metavar="KEY=VALUE,…", help="Serve every Host that has these labels.")
@click.option("--host-label", "labels", metavar="KEY=VALUE", multiple=True, help="A label for Hosts that are made; repeatable.")
@click.option(
    "--host-file",
    "host_files",
    type=NamedPath(),
    metavar="PATH",
    multiple=True,
    help="A file, or a folder of them, that a Host's spec.uri may name (keys, sockets …). Repeatable; default: none.",
)
@click.option(
    "--lease-namespace",
    metavar="NAME",
    envvar="POD_NAMESPACE",
    default="homeostat-system",
    show_default=True,
    help="Where leases are kept.",
)
@click.option(
    "--image-folder",
    "image_folders",
    type=NamedPath(),
    metavar="DIR",
    multiple=True,
    help="A folder that the API was given too: files named in it are not read from elsewhere; repeatable.",
)
@click.option("--health-bind", metavar="HOST:PORT", help="Serve /healthz, /readyz and /metrics there.")
@click.option(
    "--api-address",
    metavar="URL",
    help="Where other API servers reach the one that shares this state folder: they pass on copies of disks that it sends.",
)
@trash_keep_option
@allowed_options
@common_options()
@pass_settings
def operator(
    settings: CliSettings,
    kubeconfig: str | None,
    context: str | None,
    hosts: tuple[str, ...],
    host_selector: str | None,
    labels: tuple[str, ...],
    host_files: tuple[str, ...],
    lease_namespace: str,
    image_folders: tuple[str, ...],
    health_bind: str | None,
    api_address: str | None,
    trash_keep: float,
    allowed: Allowed,
) -> None:
    """Keep the machines of a Kubernetes cluster as its resources say, until Ctrl-C. Guests run on when it ends."""
    from homeostat.store.kubernetes.access import Access

    access = Access(Path(kubeconfig) if kubeconfig else None, context)
    from homeostat.assembly.clustered import ClusterOptions  # needs packages that are not always installed

    if not hosts and not host_selector:
        hosts = (socket.gethostname().lower(),)
    options = ClusterOptions(
        settings.state,
        access,
        settings.uri,
        hosts,
        _pairs("--host-selector", host_selector.split(",") if host_selector else ()),
        _pairs("--host-label", labels),
        lease_namespace,
        _port(health_bind) if health_bind else None,
        trash_keep,
        _places(host_files),
        tuple(Path(folder).absolute() for folder in image_folders),
        allowed,
        _address(api_address) if api_address else "",
    )
    run(_operate(options))


def _pairs(option: str, given: tuple[str, ...] | list[str]) -> dict[str, str]:
    found = {}
    for text in given:
        name, equals, value = text.strip().partition("=")
        if not name or not equals:
            raise CliError(f"{option} {text} is not KEY=VALUE", "such as zone=a")
        found[name] = value
    return found


def _places(given: tuple[str, ...]) -> tuple[str, ...]:
    for path in given:
        if not path.startswith("/") or ".." in path.split("/"):
            raise CliError(f"--host-file {path} is not an absolute path", "such as /etc/homeostat/hosts")
    return given


def _address(given: str) -> str:
    """Returns the address of an API server. Raises CliError: it is none."""
    hint = "such as http://10.0.0.7:8080"
    try:
        parts = urlsplit(given)
        whole = f"{parts.scheme}://{parts.hostname}" if parts.port is None else f"{parts.scheme}://{parts.hostname}:{parts.port}"
    except ValueError as error:
        raise CliError(f"--api-address {given}: {error}", hint) from error
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or given.rstrip("/").replace("[", "").replace("]", "") != whole
    ):
        raise CliError(f"--api-address {given} is not the address of an API server alone", hint)
    return given.rstrip("/")


def _port(bind: str) -> TelemetryPort:
    from homeostat.runtime.telemetry import TelemetryPort

    host, _, number = bind.rpartition(":")
    if not number.isdigit():
        raise CliError(f"--health-bind {bind} is not HOST:PORT", "such as 127.0.0.1:8081")
    return TelemetryPort(host.strip("[]") or "0.0.0.0", int(number))  # noqa: S104 - asked for


async def _operate(options: ClusterOptions) -> None:
    from homeostat.assembly.clustered import clustered

    _log()
    stop = asyncio.Event()
    opening = asyncio.current_task()
    assert opening is not None

    def ask_to_stop() -> None:
        if stop.is_set():
            _end_at_once("forced")
        stop.set()
        # A call of a libvirt that accepts the connection and never answers cannot be interrupted.
        patience = threading.Timer(PATIENCE, _end_at_once, [f"something did not end within {PATIENCE:.0f} s"])
        patience.daemon = True
        patience.start()
        if not ready:
            opening.cancel()

    ready = False
    end_by_signals(ask_to_stop, stop)
    try:
        async with clustered(options, _say) as running:
            ready = True
            _say(f"following {running.store.cluster.server}")
            await running.run(stop)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    _say("stopped; guests keep running")


def _end_at_once(why: str) -> None:
    os.write(2, f"homeostat: {why}: ended at once; guests keep running\n".encode())
    os._exit(1)


def _say(text: str) -> None:
    say(f"homeostat: {text}", err=True)


def _log() -> None:
    """Writes one line per message, as the log of a pod needs it."""
    level = logging.DEBUG if debugging() else logging.WARNING
    log_to_stderr(level, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("homeostat").setLevel(logging.DEBUG if debugging() else logging.INFO)
