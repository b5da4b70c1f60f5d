"""Uploads to another host's REST API, by the tus protocol. What was cut off goes on where it was."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx

from .errors import CliError
from .rest_server import RestServer, checked
from .show.upload_progress import UploadProgress
from .upload_source import SourceFile

TUS = {"Tus-Resumable": "1.0.0"}
PATIENCE = 5  # tries in a row that get no further
PAUSE = 2.0  # seconds between two tries
_TIMES = httpx.Timeout(120.0, connect=15.0)


async def upload_by_tus(
    server: RestServer, file: SourceFile, name: str, sha256: str, *, raw: bool, anew: bool, progress: UploadProgress
) -> str:
    """Uploads a file, and returns its SHA-256.

    Raises:
        CliError: the server refuses it, or cannot be reached.
    """
    found = await asyncio.to_thread(_sha256, file.path)
    if sha256 and found != sha256:
        raise CliError(f"{file.path} has the SHA-256 {found}, not {sha256}")
    try:
        async with httpx.AsyncClient(base_url=server.url.rstrip("/"), timeout=_TIMES, headers=server.headers) as client:
            place = await _begin(client, name, file.size, found, raw, anew)
            await _send(client, place, file, progress)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CliError(
            f"{server.url} cannot be reached: {error or type(error).__name__}",
            "see that the API listens there; then call this again",
        ) from error
    return found


async def _begin(client: httpx.AsyncClient, name: str, length: int, sha256: str, raw: bool, anew: bool) -> str:
    """Returns where to send the file: to what an earlier call left, or to a new upload."""
    under_way: Any = checked(await client.get("/api/v1/uploads")).json()["uploads"]
    for one in under_way:
        if one["name"] == name:
            place = f"/api/v1/uploads/{one['id']}"
            if one["length"] == length and not anew:
                return place
            checked(await client.delete(place, headers=TUS))
    said = {"name": name, "sha256": sha256, **({"format": "raw"} if raw else {})}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata}
    return str(checked(await client.post("/api/v1/uploads", headers=headers)).headers["Location"])


async def _send(client: httpx.AsyncClient, place: str, file: SourceFile, progress: UploadProgress) -> None:
    size, tries, before = file.size, 0, -1
    while True:
        try:
            offset = int(checked(await client.head(place, headers=TUS)).headers["Upload-Offset"])
            progress(offset)
            if offset == size:
                return
            tries = 0 if offset > before else tries + 1
            before = offset
            headers = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            checked(await client.patch(place, headers=headers, content=file.read(offset, progress)))
        except httpx.TransportError:
            tries += 1
            if tries >= PATIENCE:
                raise
            await asyncio.sleep(PAUSE)


def _sha256(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
