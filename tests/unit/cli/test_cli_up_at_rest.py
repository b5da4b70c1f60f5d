"""What `homeostat up` shows costs nothing while nothing changes: only what was written since the last look is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.show.live.moments import Moments
from homeostat.models.machine import VirtualMachine
from tests.unit.cli_state import CliState


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


async def test_nothing_changed_means_nothing_read(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.write("web")
    moments = Moments(cli.store)
    assert await moments.refresh()
    monkeypatch.setattr(cli.store.index, "read", lambda *_: pytest.fail("the index was read"))
    assert not await moments.refresh()


async def test_only_what_was_written_is_read_again(cli: CliState) -> None:
    cli.write("web")
    cli.write("db")
    moments = Moments(cli.store)
    await moments.refresh()
    before = {m.key.name: m for m in moments.current.machines}
    cli.write("db", "spec: {suspend: true}\n")
    assert await moments.refresh()
    after = {m.key.name: m for m in moments.current.machines}
    assert after["web"] is before["web"]
    assert (before["db"].cells[0], after["db"].cells[0]) == ("Pending", "Pending,Suspended")


async def test_what_has_gone_is_not_shown(cli: CliState) -> None:
    cli.write("web")
    path = cli.write("db")
    moments = Moments(cli.store)
    await moments.refresh()
    path.unlink()
    cli.store.sync()
    (key,) = (sight.key for sight in moments.current.machines if sight.key.name == "db")
    gone = await cli.store.get(VirtualMachine, key)
    assert gone is not None
    await cli.store.release(key, gone.metadata.uid)
    await moments.refresh()
    assert [m.key.name for m in moments.current.machines] == ["web"]
