"""The cloud-init seed holds what it was given, under the names cloud-init looks for."""

from __future__ import annotations

import io
from pathlib import Path

import pycdlib
import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.driver.storage.seed import build_seed
from homeostat.planner.actions import WriteSeed

FILES = (("user-data", "#cloud-config\nhostname: größe\n"), ("meta-data", "instance-id: one\n"), ("network-config", ""))


def contents(iso: bytes, kind: str) -> dict[str, str]:
    disc = pycdlib.PyCdlib()
    disc.open_fp(io.BytesIO(iso))
    assert disc.pvd.volume_identifier.rstrip() == b"CIDATA"
    found = {}
    for name, _ in FILES:
        out = io.BytesIO()
        disc.get_file_from_iso_fp(out, **{kind: f"/{name}"})
        found[name] = out.getvalue().decode()
    disc.close()
    return found


@pytest.mark.parametrize("kind", ["rr_path", "joliet_path"])
def test_every_file_is_in_it(kind: str) -> None:
    assert contents(build_seed(FILES), kind) == dict(FILES)


def test_a_stray_name_is_refused() -> None:
    with pytest.raises(Refused, match=r"not .*passwd"):
        build_seed([("../../etc/passwd", "")])


async def test_it_is_written_once_and_private(tmp_path: Path) -> None:
    storage = Storage(tmp_path, None)
    folder = tmp_path / "machines" / "default" / "web"
    path = folder / "seed-0123456789ab.iso"
    for _ in range(2):
        await storage.execute(WriteSeed(str(path), FILES, "test"))
    found = await storage.observe([], [], [str(path), str(folder / "seed-other.iso")], str(folder))
    assert found.seeds == {str(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in folder.iterdir()] == [path.name]
