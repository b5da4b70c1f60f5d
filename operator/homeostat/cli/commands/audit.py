"""``homeostat audit``: who did what, on the host of the accounts database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from ..accounts_access import accounts_database
from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..terminal import columns, emit, say
from ..times import age, parse_duration

if TYPE_CHECKING:
    from homeostat.accounts.audit.audit import AuditEntry, By
    from homeostat.accounts.database.database import Database

HEADER = ("AGE", "WHO", "FROM", "VERB", "WHAT", "OUTCOME", "MESSAGE")
POLL_SECONDS = 0.5


@click.command()
@click.option("--account", metavar="NAME", default="", help="Only what that account did.")
@click.option(
    "--author", metavar="NAME", default="", help="Only edits past the API by that author, as git or a cluster names him."
)
@click.option("--how", metavar="WAY", default="", help="Only what was done that way, such as session, host, cli, folder or git.")
@click.option("--verb", metavar="VERB", default="", help='Only such acts, such as "ban".')
@click.option("--kind", metavar="KIND", default="", help="Only what is about that kind, such as Account.")
@click.option("--name", metavar="NAME", default="", help="Only what is about that name.")
@click.option(
    "--outcome", type=click.Choice(("Done", "Refused", "Failed", "Interrupted", "PassedOn")), help="Only what ended so."
)
@click.option("--since", metavar="TIME", help="Only of that time until now, such as 24h.")
@click.option("--tail", "limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many, at most.")
@click.option("-w", "--watch", is_flag=True, help="Go on, and print new ones.")
@click.option("-o", "--output", type=click.Choice(("table", "json", "jsonl", "yaml")), help="Form of the output.")
@common_options()
@pass_settings
def audit(
    settings: CliSettings,
    account: str,
    author: str,
    how: str,
    verb: str,
    kind: str,
    name: str,
    outcome: str | None,
    since: str | None,
    limit: int,
    watch: bool,
    output: str | None,
) -> None:
    """List who did what, oldest first."""
    from homeostat.accounts.audit.audit import Audit, Search

    if watch and output in ("json", "yaml"):
        raise CliError(f"-o {output} is one document, and --watch never ends", "with --watch: -o jsonl")
    start = None if since is None else _ago(since)
    search = Search(account=account, author=author, how=how, verb=verb, kind=kind, name=name, outcome=outcome or "", since=start)
    with accounts_database(settings) as database:
        if database is None:
            _print([], output)
            return
        found = Audit(database)
        taking = _take_edits(settings, database)
        newest = found.newest() if watch else 0
        entries = list(reversed(found.search(search, limit=limit)))
        _print(entries, output)
        last = max(newest, entries[-1].id if entries else 0)
        while watch:
            taking = taking and _take_edits(settings, database)
            for entry in found.after(last, search):
                _print([entry], output, headers=False)
                last = entry.id
            time.sleep(POLL_SECONDS)


def _take_edits(settings: CliSettings, database: Database) -> bool:
    """Notes the edits of the folder, or of the cluster, that no API server has noted yet. Tells whether that works."""
    from homeostat.accounts.audit.edits import Edits
    from homeostat.accounts.errors import AccountsError
    from homeostat.store.errors import StoreError
    from homeostat.store.files.state import StateFolder
    from homeostat.store.index.index import Index

    state = StateFolder.named(settings.state)
    try:
        for path in (state.index, state.api_index):
            if path.exists():
                with closing(Index.open(path)) as index:
                    Edits(database).take_from(index)
    except (AccountsError, StoreError) as error:
        say(f"note: edits that no API server has noted yet are missing here: {error}", err=True)
        return False
    return True


def _print(entries: Iterable[AuditEntry], form: str | None, *, headers: bool = True) -> None:
    match form:
        case "json":
            emit(json.dumps([entry.document() for entry in entries], indent=2))
        case "yaml":
            emit(to_yaml([entry.document() for entry in entries]))
        case "jsonl":
            for entry in entries:
                emit(json.dumps(entry.document()))
        case _:
            rows = [_row(entry) for entry in entries]
            if rows:
                say(*columns(HEADER, rows, show_header=headers))
            elif headers:
                say("The audit holds no such entry.")


def _row(entry: AuditEntry) -> tuple[str, ...]:
    by, act = entry.by, entry.act
    place = f" (namespace {act.namespace})" if act.namespace else ""
    what = f"{act.kind}/{act.name}{place}" if act.name else act.kind
    times = f" (× {entry.count})" if entry.count > 1 else ""
    return age(entry.at.isoformat()), _who(by), by.address, act.verb, what, act.outcome + times, act.message


def _who(by: By) -> str:
    if by.author:
        return f"{by.author} ({by.how})"
    token = f" (token {by.token})" if by.token else ""
    return by.account + token if by.account else f"({by.how})"


def _ago(text: str) -> datetime:
    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except OverflowError:
        raise CliError(f"{text} is too long", "such as: 24h, or 30d") from None
