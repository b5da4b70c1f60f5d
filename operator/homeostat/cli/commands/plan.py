"""``homeostat plan``: what would change, field by field, and how disruptive it is. Writes nothing.

Exit code 0: nothing would change; 2: something would; 1: an error, or a deletion that waits for a confirmation. (2 is also
click's code for wrong usage, which says "Usage:" on stderr.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeostat.cli.host_labels import host_label_option, labels_of_host
from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.outside import redacted_all
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.store.errors import FolderProblem

from ..access import run
from ..allowed_options import allowed_options
from ..errors import CliError
from ..given import read_given
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..several_hosts import chosen_hosts, host_option
from ..show.plans.doubting import doubts_in, print_warnings
from ..show.plans.render_plan import exit_code, render_plan
from ..terminal import emit, paint, say

if TYPE_CHECKING:
    from ..remote.server import RemoteServer
    from ..show.plans.preview import Preview

GROUPS: Mapping[type[Resource], str] = {
    VirtualMachineDeployment: "deployments",
    VirtualMachine: "machines",
    SnapshotSchedule: "schedules",
    Snapshot: "snapshots",
    Plugin: "plugins",
    Disk: "disks",
    Image: "images",
    Network: "networks",
    Host: "hosts",
}
"""The name of each kind in the JSON of a plan."""

MOST_NOTICES = 5


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=NamedPath(file_okay=False))
@click.option("-o", "--output", type=click.Choice(["json"]), help="Form of the output.")
@click.option(
    "--image-folder",
    "image_folders",
    type=NamedPath(),
    metavar="DIR",
    multiple=True,
    help="A folder that `up` is given too: files named in it are not read from elsewhere; repeatable.",
)
@allowed_options
@host_option
@host_label_option
@common_options(remote=True)
@pass_settings
def plan(
    settings: CliSettings,
    folder: str | None,
    output: str | None,
    image_folders: tuple[str, ...],
    hosts: tuple[str, ...],
    host_labels: tuple[str, ...],
    allowed: Allowed,
) -> int:
    """Check the YAML of DIR and show what `up` would change. Exit 0: nothing, 2: changes, 1: an error.

    Without --share-folder and --allow-…, machines may have what the state's last `up` let them have.
    """
    if settings.remote is not None:
        return _show(_over_rest(settings.remote, settings, folder), output)
    from homeostat.assembly.standalone import require_folder
    from homeostat.store.files.allowing import said_allowed
    from homeostat.store.files.state import StateFolder

    from ..show.plans.preview import preview

    directory = settings.folder(folder)
    require_folder(directory)
    labels, confined = labels_of_host(settings.uri, host_labels), [Path(one).absolute() for one in image_folders]
    several = chosen_hosts(settings, hosts, host_labels)
    if allowed == NOTHING:
        allowed = said_allowed(StateFolder(settings.state)) or NOTHING
    return _show(run(preview(directory, settings.state, settings.uri, labels, confined, several, allowed)), output)


def _over_rest(server: RemoteServer, settings: CliSettings, folder: str | None) -> Preview:
    """Returns what applying a folder to the server would do.

    Raises:
        CliError: no folder is named, a document is wrong, or the server cannot be asked.
    """
    from ..namespaces import in_namespace
    from ..remote.plan import remote_plan
    from ..remote.state import RemoteState
    from ..show.plans.preview import Preview

    named = folder or settings.asked_folder
    if named is None:
        raise CliError("which folder of YAML? None was given", "name it: homeostat plan DIR --server URL")
    state = RemoteState(server, settings.namespace)
    given = in_namespace(settings, read_given([named]), None)
    found = run(remote_plan(state, given, Path(named).expanduser().absolute()))
    return Preview(found.entries, found.errors, (), found.notes)


def _show(found: Preview, output: str | None) -> int:
    """Prints what was foreseen, and returns the exit code."""
    errors, held = [*map(str, found.errors)], [*map(str, found.held)]
    warnings = [warning for entry in found.entries for warning in doubts_in(entry)]
    if output == "json":
        document: dict[str, object] = {
            name: [entry.as_json() for entry in found.entries if isinstance(entry.resource, kind)]
            for kind, name in GROUPS.items()
        }
        document["errors"], document["held"] = errors, held
        document["warnings"], document["notes"] = warnings, [*found.notes]
        document["notices"] = [*map(str, found.notices)]
        emit(json.dumps(redacted_all(document), indent=2))
    else:
        for line in render_plan(found.entries, whole=not errors and not held):
            say(paint(line.text, line.tone))
        print_errors("error", errors)
        print_errors("held", held)
        print_warnings(warnings)
        for note in found.notes:
            say(paint(f"note: {note}", "dim"), err=True)
        print_notices(found.notices)
    return 1 if errors or held else exit_code(found.entries)


def print_errors(word: str, errors: Sequence[str]) -> None:
    for error in errors:
        say(paint(f"{word}: {error}", "bad"), err=True)


def print_notices(notices: Sequence[FolderProblem]) -> None:
    """Prints the first of what is left alone: a folder may hold many files of others."""
    for notice in notices[:MOST_NOTICES]:
        say(paint(f"notice: {notice}", "dim"), err=True)
    if (more := len(notices) - MOST_NOTICES) > 0:
        say(paint(f"notice: and {more} more, which -o json lists", "dim"), err=True)
