from __future__ import annotations

import shutil

from homeostat.planner.orphans import Orphan
from homeostat.store.files.state import StateFolder
from homeostat.store.index.index import Index
from homeostat.store.index.orphans import note_orphans
from tests.api.harness import Api
from tests.api.modes import of_a_folder

LOST = Orphan("default", "db", "running", "db", "uuid", "uid", "2026-01-01T00:00:00Z", "w", "/nowhere", ("root",))


@of_a_folder
def test_orphans_are_listed(own_api: Api) -> None:
    assert own_api.http.get("/api/v1/orphans").json() == []
    index = Index.open(StateFolder(own_api.state).index)
    note_orphans(index, "local", [LOST, Orphan("elsewhere", "x", "no domain")])
    index.close()
    (found,) = own_api.http.get("/api/v1/orphans").json()
    assert (found["name"], found["host"], found["state"], found["domain"]) == ("db", "local", "running", "db")
    assert found["disks"] == ["root"] and found["bytes"] is None and found["deleting"] is False
    assert found["last_written"] == "2026-01-01T00:00:00Z"
    assert "homeostat delete orphan db" in found["todo"] and "nothing is deleted by guess" in found["why"]


@of_a_folder
def test_files_of_disks_that_nothing_refers_to_are_listed(api: Api, name: str) -> None:
    folder = api.state / "disks/default" / name
    folder.mkdir(parents=True)
    (folder / "disk.img").write_bytes(b"x" * 4096)
    try:
        (found,) = (one for one in api.http.get("/api/v1/orphans/disks").json() if one["name"] == name)
        assert (found["state"], found["path"]) == ("unlabelled", f"{folder.resolve()}/disk.img")
        assert found["bytes"] >= 4096 and found["todo"]
    finally:
        shutil.rmtree(folder)
