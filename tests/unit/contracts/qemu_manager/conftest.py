"""A server of the contract for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat_contracts.qemu_manager import uploads
from homeostat_contracts.qemu_manager.resources import disks, isos, machines, power
from tests.unit.contracts.qemu_manager.managed import Managed
from tests.unit.store_fixtures import Room


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has whoever waits for an operator wait for a moment only."""
    for module in (disks, isos, power, uploads):
        monkeypatch.setattr(module, "PATIENCE", 0.1)


@pytest.fixture
def managed(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Managed:
    monkeypatch.setattr(machines, "GRACE", 0)
    files = tmp_path / "files"
    files.mkdir()
    return Managed(room, files)
