"""A copy of a disk, from the REST API beside the host that has the disk."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx

from homeostat.driver.snapshots.export import Reached, completed_copy

from .errors import CliError
from .rest_server import RestServer, checked

_TIMES = httpx.Timeout(15.0, read=None)  # it sends once the copy is made, which may take as long as a disk is large


def path_of_copy(machine: str, disk: str, snapshot: str | None) -> str:
    """Returns the path that a copy has over REST."""
    if snapshot is not None:
        return f"/api/v1/snapshots/{quote(snapshot, safe='')}/export?disk={quote(disk, safe='')}"
    return f"/api/v1/vms/{quote(machine, safe='')}/disks/{quote(disk, safe='')}/export"


def download_copy(server: RestServer, path: str, target: Path, reached: Reached) -> None:
    """Writes what the server sends to a file, which has its name once it is whole.

    Raises:
        CliError: the server refuses it, cannot be reached, or ended too early.
        DriverError: the file cannot be written.
    """
    try:
        with (
            httpx.Client(base_url=server.url.rstrip("/"), timeout=_TIMES, headers=server.headers) as client,
            client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if not answer.is_success:
                answer.read()
                checked(answer)
            length = int(answer.headers["Content-Length"])
            with completed_copy(target) as partial, partial.open("wb") as file:
                for part in answer.iter_raw(2**20):
                    file.write(part)
                    reached(file.tell() / length)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        mend = "see that the API listens there; then call this again"
        raise CliError(f"{server.url} cannot be asked for the copy: {why}", mend) from error
