"""``homeostat doctor``: checks this host, and says how to mend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeostat.store.errors import StoreError

from ..access import run
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import emit, paint, say

if TYPE_CHECKING:
    from homeostat.driver.survey.checks import Check

_MARK = {True: ("ok", "good"), False: ("FAIL", "bad"), None: ("note", "busy")}


@click.command()
@click.option("-o", "--output", type=click.Choice(["json"]), help="Form of the output.")
@common_options()
@pass_settings
def doctor(settings: CliSettings, output: str | None) -> int:
    """Check KVM, libvirt, permissions, space, network and confinement; exit 1 when a check fails."""
    hosts = (settings.hosts if not settings.asked_uri else {}) or {"": settings.uri}
    found = [check for name, uri in hosts.items() for check in run(_of_host(name, uri, settings.state))]
    checks = [*found, *check_unserved(settings.state), *check_orphans(settings.state)]
    if output == "json":
        emit(json.dumps([{"name": c.name, "ok": c.ok, "found": c.found, "mend": c.mend} for c in checks], indent=2))
    else:
        say(*render_checks(checks))
    return 1 if any(check.ok is False for check in checks) else 0


async def _of_host(name: str, uri: str, state: Path) -> Sequence[Check]:
    """Runs the checks of one host. ``name``: empty where there is only one."""
    from homeostat.driver.survey.checks import run_checks

    found = await run_checks(uri, state)
    return [replace(check, name=f"{name}: {check.name}") for check in found] if name else found


def check_unserved(state: Path) -> list[Check]:
    """Returns a check for each host that has machines, and that the last `up` did not name."""
    from homeostat.driver.survey.checks import Check
    from homeostat.store.files.hosts import read_hosts
    from homeostat.store.files.state import StateFolder

    return [
        Check(
            f"{name}: served", False, f"machines of this state are on it ({host.uri}), and nobody looks after them",
            f"homeostat up --host {name}={host.uri}, beside the others",
        )
        for name, host in read_hosts(StateFolder(state)).items()
        if host.used and not host.served
    ]  # fmt: skip


def check_orphans(state: Path) -> list[Check]:
    """Returns what the operator of this state recorded last of orphans. Empty: none ever ran."""
    from homeostat.driver.survey.checks import Check
    from homeostat.store.files.state import StateFolder
    from homeostat.store.index.index import Index
    from homeostat.store.index.orphans import read_orphans

    path = StateFolder(state).index
    if not path.exists():
        return []
    try:
        index = Index.open(path)
    except StoreError as error:
        return [Check("orphans", False, str(error))]
    try:
        found = [o for orphans in read_orphans(index).values() for o in orphans if o.alarming]
    finally:
        index.close()
    if not found:
        return [Check("orphans", True, "everything that the operator saw last on the host belongs to a resource")]
    named = ", ".join(f"{o.namespace}/{o.name}" for o in found[:5]) + (" …" if len(found) > 5 else "")
    return [Check("orphans", None, f"{len(found)} belong to no resource: {named}", "homeostat get orphans -A says what to do")]


def render_checks(checks: Sequence[Check]) -> list[str]:
    """Returns one line per check, how to mend each failed one, and the totals at the end."""
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        word, tone = _MARK[check.ok]
        lines.append(f"{paint(f'{word:4}', tone)}  {check.name:{width}}  {check.found}")
        if check.mend and check.ok is not True:
            lines += [f"{'':4}  {'':{width}}  → {line}" for line in check.mend.splitlines()]
    failed, noted = sum(c.ok is False for c in checks), sum(c.ok is None for c in checks)
    last = f"{len(checks)} checks: {len(checks) - failed - noted} ok, {noted} to note, {failed} failed."
    return [*lines, "", paint(last, "bad" if failed else "good")]
