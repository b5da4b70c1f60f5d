"""Q26: what was uploaded for a disk goes with it, since nothing else in this contract could remove it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.qemu_manager.manager import Manager


@pytest.fixture
def uploaded(manager: Manager, name: str, tmp_path: Path) -> dict[str, Any]:
    """A disk that was uploaded."""
    file = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "8M"], check=True)
    answer = manager.http.post("/api/disks/upload", files={"file": (f"{name}.qcow2", file.read_bytes())})
    assert answer.status_code == 201, answer.text
    disk: dict[str, Any] = answer.json()["disk"]
    return disk


def own(manager: Manager, path: str) -> list[str]:
    """The names of what our own API has there."""
    found = manager.served.real.http.get(f"/api/v1/{path}").json()[path]
    return [one["metadata"]["name"] for one in found]


def test_q26_its_image_goes_with_it(manager: Manager, name: str, uploaded: dict[str, Any]) -> None:
    assert [image for image in own(manager, "images") if image.startswith(f"{name}-")]
    assert manager.http.delete(f"/api/disks/{uploaded['id']}").status_code == 200
    assert not [image for image in own(manager, "images") if image.startswith(f"{name}-")]


def test_q26_an_image_that_another_disk_is_made_from_stays(manager: Manager, name: str, uploaded: dict[str, Any]) -> None:
    image = next(image for image in own(manager, "images") if image.startswith(f"{name}-"))
    other = {"name": f"other-{name}", "spec": {"source": {"image": {"imageRef": {"name": image}}}}}
    manager.served.real.http.post("/api/v1/disks", json=other).raise_for_status()
    assert manager.http.delete(f"/api/disks/{uploaded['id']}").status_code == 200
    assert image in own(manager, "images")
