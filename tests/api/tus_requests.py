"""Requests of the tus protocol."""

from __future__ import annotations

import base64

import httpx

from tests.api.harness import Api

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def begin(api: Api, length: int, **metadata: str) -> httpx.Response:
    said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    return api.http.post("/api/v1/uploads", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": said})


def send(api: Api, place: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    return api.http.patch(place, content=content, headers={**PART, "Upload-Offset": str(offset), **headers})
