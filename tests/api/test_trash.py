"""/api/v1/trash: what is set aside in the state folder is listed, put back and erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import SetAside
from tests.api.harness import Api, refused
from tests.unit.images import qcow2


@pytest.fixture
async def entry(api: Api, name: str) -> str:
    folder = api.state / "machines" / "default" / name
    folder.mkdir(parents=True)
    (folder / "root.qcow2").write_bytes(qcow2())
    aside = SetAside(f"default.{name}-1", "default", name, "uid", (("root", str(folder / "root.qcow2")),), 60.0, True, "deleted")
    await Storage(api.state, None).execute(aside)
    return aside.entry


def test_an_entry_is_listed_put_back_and_erased(api: Api, name: str, entry: str) -> None:
    whole = api.http.get("/api/v1/trash").json()
    (found,) = [e for e in whole["entries"] if e["entry"] == entry]
    assert (found["name"], found["reason"], found["returns"], found["changeable"]) == (name, "deleted", True, True)
    assert whole["size"] >= found["size"] > 0
    answer = api.http.post(f"/api/v1/trash/{entry}/restore")
    place = api.state / "machines" / "default" / name / "root.qcow2"
    assert (answer.status_code, answer.json()) == (200, {"entry": entry, "machine": name, "restored": [str(place)]})
    assert Path(place).exists()
    refused(api.http.post(f"/api/v1/trash/{entry}/restore"), 404, "trash_entry_not_found")


def test_nothing_is_overwritten(api: Api, name: str, entry: str) -> None:
    place = api.state / "machines" / "default" / name / "root.qcow2"
    place.write_bytes(b"newer")
    assert refused(api.http.post(f"/api/v1/trash/{entry}/restore"), 409, "conflict")["entry"] == entry
    assert place.read_bytes() == b"newer"
    assert api.http.delete(f"/api/v1/trash/{entry}").json()["erased"] == [entry]
    refused(api.http.delete(f"/api/v1/trash/{entry}"), 404, "trash_entry_not_found")


def test_an_entry_whose_label_cannot_be_read_is_put_back_by_hand_only(api: Api, entry: str) -> None:
    (api.state / "trash" / entry / "label.json").write_text("{")
    answer = api.http.post(f"/api/v1/trash/{entry}/restore")
    assert refused(answer, 409, "conflict")["entry"] == entry
    assert "label.json cannot be read" in answer.json()["error"] and "by hand" in answer.json()["error"]
    assert (api.state / "trash" / entry / "root.qcow2").exists()


def test_all_of_it_is_erased(api: Api, entry: str) -> None:
    assert entry in api.http.delete("/api/v1/trash").json()["erased"]
    assert api.http.get("/api/v1/trash").json() == {"entries": [], "size": 0}


def test_an_entry_without_a_name_is_not_all_of_them(api: Api, entry: str) -> None:
    refused(api.http.delete("/api/v1/trash/"), 400, "invalid_request")
    assert entry in [one["entry"] for one in api.http.get("/api/v1/trash/").json()["entries"]]
