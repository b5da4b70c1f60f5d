"""``homeostat up``: the operator in this process, the API beside it, and what happens on the screen.

Ctrl-C, SIGTERM or SIGHUP stops both in order, with exit code 0, and guests run on. A second Ctrl-C or SIGTERM ends everything
at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.host_labels import host_label_option, labels_of_host
from homeostat.planner.allowed import NOTHING, Allowed

from ..access import run
from ..allowed_options import allowed_options
from ..api_options import ApiOptions, api_options
from ..api_server import serve
from ..durations import settle_option, trash_keep_option
from ..ending import end_by_signals
from ..errors import CliError, debugging
from ..paths import NamedPath
from ..references import short_name
from ..settings import CliSettings, common_options, pass_settings
from ..several_hosts import chosen_hosts, host_option, whose
from ..show.live.moments import Moment, Moments
from ..show.live.up_view import LiveView, PlainView, View
from ..terminal import on_terminal, say
from ..times import parse_duration

if TYPE_CHECKING:
    from homeostat.assembly.several import Several
    from homeostat.assembly.standalone import Standalone


ADDRESS_SECONDS = 30.0  # seconds that --until-ready goes on to wait for addresses: a guest need not ask for one
POLL_SECONDS = 0.5  # seconds between two queries of the index, which cost nothing while nothing changes
AGE_SECONDS = 15.0  # seconds until the ages in the picture are updated while nothing changes, and every second
RECENT = 60.0  # for so many seconds after a change


@dataclass(frozen=True, slots=True)
class UpOptions:
    folder: Path
    state: Path
    uri: str
    api: ApiOptions | None
    settle: float  # seconds
    until_ready: bool = False
    timeout: float = 0.0  # seconds; 0: no limit
    commit: bool | None = None  # None: as before
    host_labels: Sequence[str] = ()
    trash_keep: float = 0.0  # seconds
    hosts: Mapping[str, str] = field(default_factory=dict)  # libvirts by name, where there are several
    allowed: Allowed = NOTHING

    @property
    def where(self) -> str:
        return whose(self.hosts) if self.hosts else self.uri


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=NamedPath(file_okay=False))
@api_options
@click.option(
    "--commit/--no-commit",
    default=None,
    help="Commit what the API and commands edit, where DIR is a git work tree. Remembered; off at first.",
)
@settle_option
@click.option("--no-api", is_flag=True, help="Without the API.")
@click.option("--until-ready", is_flag=True, help="End once all are Ready and have addresses; they run on.")
@click.option("--timeout", default="0", metavar="TIME", help="With --until-ready: exit 1 after this long, such as 5m.")
@trash_keep_option
@allowed_options
@host_option
@host_label_option
@common_options()
@pass_settings
def up(
    settings: CliSettings,
    /,
    folder: str | None,
    commit: bool | None,
    settle: float,
    no_api: bool,
    until_ready: bool,
    timeout: str,
    hosts: tuple[str, ...],
    host_labels: tuple[str, ...],
    trash_keep: float,
    allowed: Allowed,
    **given: Any,
) -> None:
    """Keep the machines of DIR as its YAML says, until Ctrl-C. Guests run on when it ends."""
    directory = settings.folder(folder)
    api = None if no_api else ApiOptions(directory, settings.state, **given)
    if api is not None:
        _check_listening(api)
    seconds, several = parse_duration(timeout), chosen_hosts(settings, hosts, host_labels)
    options = UpOptions(
        directory,
        settings.state,
        settings.uri,
        api,
        settle,
        until_ready,
        seconds,
        commit,
        host_labels,
        trash_keep,
        several,
        allowed,
    )
    run(_up(options))


def _check_listening(api: ApiOptions) -> None:
    """Refuses what the API would refuse, before anything starts."""
    from homeostat_api.config import (
        ConfigError,
        allowed_origins,
        contract_listeners,
        ice_servers,
        listening,
        provider_of,
        proxies_named,
    )
    from homeostat_api.connections.tls import certificate_of

    try:
        _, _, token = listening(api.bind, api.token_file, api.accounts_required)
        allowed_origins(api.allow_origins, token, api.accounts_required)
        proxies_named(api.trusted_proxies)
        provider_of(api.accounts_oidc)
        contract_listeners(api.contracts, api.bind, token, api.accounts_required)
        ice_servers(api.consoles_ice_server, api.consoles_turn_username, api.consoles_turn_credential_file)
        certificate_of(api.tls_certificate, api.tls_key)
    except ConfigError as error:
        raise CliError(str(error)) from error


async def _up(options: UpOptions) -> None:
    stop = asyncio.Event()
    where = f"API on {options.api.address}, " if options.api and not options.until_ready else ""  # first: the rest may be cut
    heading = f"homeostat: {where}{options.folder} on {options.where}"
    view: View = LiveView(heading) if on_terminal() else PlainView(heading)
    _stop_on_signals(stop, view)
    async with _opening(options) as parts:
        if options.commit is not None:
            parts.store.committer.turn(options.commit)
        with view, _logging(view):
            if (real := parts.store.folder) != options.folder:
                view.say(f"note: {options.folder} leads to {real}, which is followed; should it lead elsewhere later, start anew")
            for note in parts.notes:
                view.say(f"warning: {note}")
            for name, host in parts.hosts.items():
                if not host.facts.reachable:
                    view.say(f"warning: {f'host {name}: ' if options.hosts else ''}{host.facts.error}")
            keep = partial(parts.supervisor.keep, stop=stop)
            tasks = [asyncio.ensure_future(keep("operator", lambda: parts.operator.run(stop)))]
            if options.api and not options.until_ready:
                api = options.api
                serving = keep("api", lambda: _serve(api, parts, stop, view), passing=(CliError,))
                tasks.append(asyncio.ensure_future(serving))
            watching = keep("live-view", lambda: _watch(parts, view, stop, options), may_end=True, passing=(CliError,))
            tasks.append(asyncio.ensure_future(watching))
            await _first_failure_ends_all(tasks, stop)
    if not options.until_ready:
        say("Stopped. Guests keep running; `homeostat up` takes them up again, `homeostat down` removes them.")


def _opening(options: UpOptions) -> AbstractAsyncContextManager[Standalone | Several]:
    from homeostat.assembly.several import several_hosts
    from homeostat.assembly.standalone import standalone

    folders = options.api.folders if options.api else ()
    if options.hosts:
        return several_hosts(
            options.folder,
            options.state,
            options.hosts,
            settle=options.settle,
            trash_keep=options.trash_keep,
            image_folders=folders,
            allowed=options.allowed,
        )
    return standalone(
        options.folder,
        options.state,
        options.uri,
        labels=labels_of_host(options.uri, options.host_labels),
        settle=options.settle,
        trash_keep=options.trash_keep,
        image_folders=folders,
        allowed=options.allowed,
    )


async def _serve(api: ApiOptions, parts: Standalone | Several, stop: asyncio.Event, view: View) -> None:
    await serve(api.command, parts.store.state.api_log, stop, view.say, parts.supervisor, api.environment)


async def _first_failure_ends_all(tasks: Sequence[asyncio.Future[None]], stop: asyncio.Event) -> None:
    """Waits for all tasks. When one ends early, or with an error that is meant for the user, the others are stopped in order."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error


def _stop_on_signals(stop: asyncio.Event, view: View) -> None:
    def stop_or_force() -> None:
        if stop.is_set():
            os.write(2, b"\nforced: ended at once; guests keep running\n")
            os._exit(130)
        stop.set()  # first of all: no error in what is shown may keep it from ending
        view.say("Stopping; guests keep running. (Ctrl-C again ends at once.)")

    end_by_signals(stop_or_force, stop)


async def _watch(parts: Standalone | Several, view: View, stop: asyncio.Event, options: UpOptions) -> None:
    """Shows what changes. With ``until_ready`` it ends when everything is Ready, or raises when that takes too long."""
    loop, moments = asyncio.get_running_loop(), Moments(parts.store)
    deadline = loop.time() + options.timeout if options.timeout > 0 else None
    shown_at = changed_at = ready_at = 0.0
    failing: Sequence[str] = ()
    while not stop.is_set():
        before, failing = failing, [str(known) for known in parts.supervisor.failing]
        every = AGE_SECONDS if loop.time() - changed_at > RECENT else 1.0
        aged = view.shows_ages and loop.time() - shown_at >= every
        changed = await moments.refresh() or failing != before
        if changed or aged:
            shown_at = loop.time()
            changed_at = shown_at if changed else changed_at
            view.show(replace(moments.current, failing=failing))
        if options.until_ready:
            moment = moments.current
            ready = _all_ready(parts, moment)
            ready_at = (ready_at or loop.time()) if ready else 0.0
            lacking = [machine for machine in moment.machines if machine.lacks_address]
            if ready and (not lacking or loop.time() - ready_at > ADDRESS_SECONDS):
                for machine in lacking:
                    view.say(f"note: {short_name(machine.key)} is Ready and has no address: its guest may not ask for one")
                return
            if deadline is not None and loop.time() > deadline:
                raise not_ready(moment, options.timeout)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    if await moments.refresh():
        view.show(moments.current)


def _all_ready(parts: Standalone | Several, moment: Moment) -> bool:
    """Tells whether everything is Ready. Statuses that an earlier operator left say nothing about now."""
    looked_at = parts.operator.looked_at
    fresh = all(sight.key in looked_at for sight in moment.resources)
    settled = not moment.errors and not parts.store.restless  # what has gone from the folder may still have to be deleted
    return fresh and settled and bool(moment.resources) and all(sight.ready for sight in moment.resources)


def not_ready(moment: Moment, timeout: float) -> CliError:
    """Returns an error with what is not Ready, or lacks an address, and why."""
    reasons = [f"{short_name(sight.key)}: {sight.note}" for sight in moment.resources if not sight.ready]
    reasons += moment.errors or ([] if moment.resources else ["the folder holds no machines"])
    if not reasons and (lacking := [short_name(m.key) for m in moment.machines if m.lacks_address]):
        why = "a guest that does not ask for one gets none; after 30 s without, `up --until-ready` ends all the same"
        return CliError(f"no address is known of {', '.join(lacking)} after {timeout:g} s", why)
    return CliError(f"not everything is Ready after {timeout:g} s", reasons)


@contextlib.contextmanager
def _logging(view: View) -> Iterator[None]:
    """Shows warnings of our own layers among the rest, and with HOMEOSTAT_DEBUG=1 all messages."""

    class Said(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # Only HOMEOSTAT_DEBUG shows a traceback. Otherwise users get its last line.
            error = record.exc_info[1] if record.exc_info else None
            said = self.format(record) if debugging() else record.getMessage() + (f": {error!r}" if error else "")
            loop.call_soon_threadsafe(view.say, f"{record.levelname.lower()}: {said}")

    loop = asyncio.get_running_loop()
    logger, handler = logging.getLogger("homeostat"), Said()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debugging() else logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
