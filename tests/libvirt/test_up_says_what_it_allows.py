"""What `up` lets machines have of the host stands in its state folder, and what takes all down says nothing of it."""

from __future__ import annotations

from pathlib import Path

from homeostat.assembly.several import several_hosts
from homeostat.assembly.standalone import standalone
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.store.files.allowing import said_allowed
from homeostat.store.files.state import StateFolder
from tests.libvirt.hosts import isolated_uri

SAID = Allowed(True, False, ("/srv/share",))


async def test_it_says_what_it_allows(tmp_path: Path) -> None:
    folder, state = tmp_path / "vms", tmp_path / "state"
    folder.mkdir()
    uri = isolated_uri(tmp_path)
    for allowed in (SAID, NOTHING, SAID):
        async with standalone(folder, state, uri, allowed=allowed):
            assert said_allowed(StateFolder(state)) == allowed
    async with standalone(folder, state, uri, teardown=True):
        assert said_allowed(StateFolder(state)) == SAID


async def test_over_several_hosts_it_says_the_same(tmp_path: Path) -> None:
    folder, state = tmp_path / "vms", tmp_path / "state"
    folder.mkdir()
    async with several_hosts(folder, state, {"a": isolated_uri(tmp_path)}, allowed=SAID):
        assert said_allowed(StateFolder(state)) == SAID
    async with several_hosts(folder, state, {"a": isolated_uri(tmp_path)}, teardown=True):
        assert said_allowed(StateFolder(state)) == SAID
