"""The unit is ordered so that the operator is stopped before libvirt and before what shuts guests down with the host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "manifests" / "systemd" / "homeostat.service"


def values(path: Path, name: str) -> set[str]:
    lines = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {word for field, _, value in lines if field == name for word in value.split()}


@pytest.mark.parametrize("unit", ["libvirtd.service", "virtqemud.service", "virtnetworkd.service", "libvirt-guests.service"])
def test_it_is_stopped_before(unit: str) -> None:
    """systemd stops in the reverse of After=; none of these may be ordered after the operator in turn."""
    assert unit in values(UNIT, "After")
    assert values(UNIT, "Before") == set()
    installed = Path("/lib/systemd/system", unit)
    if installed.exists():
        assert "homeostat.service" not in values(installed, "After")


def test_it_goes_on_where_only_one_kind_of_libvirt_is_there() -> None:
    """Ordering needs no unit to exist, and a libvirtd that is restarted does not end the operator."""
    assert not values(UNIT, "Requires") | values(UNIT, "BindsTo") | values(UNIT, "PartOf")


def test_systemd_takes_it(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze: systemd's own check of the unit was not tried")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/homeostat/bin/homeostat", "/bin/true"))
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if "homeostat" in line] == []
