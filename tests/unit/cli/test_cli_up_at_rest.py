"""What `homeostat up` shows costs nothing while nothing changes: only what was written since the last look is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.show.moments import Moments
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
    before = {m.metadata.name: m for m in moments.current.machines}
    cli.write("db", "spec: {resources: {memory: 1Gi}}\n")
    assert await moments.refresh()
    after = {m.metadata.name: m for m in moments.current.machines}
    assert after["web"] is before["web"]
    assert after["db"].spec.resources.memory == 2**30


async def test_what_has_gone_is_not_shown(cli: CliState) -> None:
    cli.write("web")
    path = cli.write("db")
    moments = Moments(cli.store)
    await moments.refresh()
    path.unlink()
    cli.store.sync()
    key = next(m.key for m in moments.current.machines if m.metadata.name == "db")
    await cli.store.release(key, next(m.metadata.uid for m in moments.current.machines if m.metadata.name == "db"))
    await moments.refresh()
    assert [m.metadata.name for m in moments.current.machines] == ["web"]
