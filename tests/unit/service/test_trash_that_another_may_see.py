"""Whoever sees the trash does not therefore change it: whose an entry was is not known, so that only an administrator may."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.driver.storage.trash import LABEL
from homeostat.planner.files.trash import TrashedDisk, TrashEntry, write_label
from homeostat.service.refusals import NotAllowed
from homeostat.service.trash import TrashRoom
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written

SAID = "what is in the trash was anybody's: only an administrator changes it"


def actor(role: Role, *rights: Right) -> Actor:
    return Actor("session", role, "mona", frozenset(rights), author="mona")


MODERATOR = actor(Role.MODERATOR, *Right)
ONLY_SEES = actor(Role.ADMINISTRATOR, Right.SEE)  # by a token of that scope


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Returns a state folder, in whose trash is the disk of a machine."""
    room = StateFolder.open(tmp_path / "state")
    place = tmp_path / "disks"
    place.mkdir()
    disk = TrashedDisk("root", str(place / "root.qcow2"))
    folder = room.root / "trash" / "web"
    folder.mkdir(parents=True)
    entry = TrashEntry("web", "default", "web", "uid", "deleted", "2026-01-01T00:00:00Z", "", disks=(disk,))
    (folder / LABEL).write_text(write_label(entry))
    (folder / "root.qcow2").write_bytes(b"kept")
    return room.root


def trash_of(state: Path, actor: Actor) -> TrashRoom:
    return Written().desk(state, actor).trash


@pytest.mark.parametrize("actor", [MODERATOR, ONLY_SEES], ids=["a moderator", "a token that may see"])
@pytest.mark.parametrize("work", ["restore", "erase"])
async def test_it_is_seen_and_stays_as_it_is(state: Path, actor: Actor, work: str) -> None:
    room = trash_of(state, actor)
    seen = await room.entry("web")
    with pytest.raises(NotAllowed) as refused:
        await getattr(room, work)(seen)
    assert str(refused.value) == SAID
    assert (state / "trash" / "web" / "root.qcow2").read_bytes() == b"kept"
    assert [one.entry.entry for one in await room.entries()] == ["web"]


async def test_an_administrator_changes_it(state: Path) -> None:
    room = trash_of(state, actor(Role.ADMINISTRATOR, *Right))
    (place,) = await room.restore(await room.entry("web"))
    assert Path(place).read_bytes() == b"kept" and await room.entries() == []
