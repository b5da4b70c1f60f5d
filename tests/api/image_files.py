"""Files to upload, and what is left of uploads."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.api.harness import Api


def qcow2(path: Path, fill: int = 0) -> Path:
    """A real image. ``fill``: bytes of contents that nothing compresses."""
    size = max(16 * 2**20, fill)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, str(size)], check=True)
    if fill:
        raw = path.with_suffix(".raw")
        block = hashlib.sha256(path.name.encode()).digest() * 2**15  # 1 MiB
        raw.write_bytes(b"".join(block[: 2**20 - 8] + number.to_bytes(8, "big") for number in range(fill // 2**20)))
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path], check=True)
        raw.unlink()
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left(api: Api) -> list[str]:
    """What is left of uploads that came to nothing: bytes, and records of what is under way."""
    assert api.http.get("/api/v1/uploads").json() == {"uploads": []}
    return sorted(path.name for path in (api.state / "uploads").glob("*.partial"))


def cached(api: Api) -> list[Path]:
    return sorted((api.state / "images").glob("*.img"))


def clear(api: Api) -> None:
    """Takes away what a test left, so that the next one may use the same server."""
    for image in api.http.get("/api/v1/images").json()["images"]:
        name = image["metadata"]["name"]
        api.http.delete(f"/api/v1/images/{name}")
        api.operator.release(name, "Image")
    for upload in api.http.get("/api/v1/uploads").json()["uploads"]:
        api.http.delete(f"/api/v1/uploads/{upload['id']}", headers={"Tus-Resumable": "1.0.0"})
    for path in cached(api):
        path.unlink()
