"""The list of uploads says which of them who asks may go on with, and end."""

from __future__ import annotations

from pathlib import Path

from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.people import Person, settle
from tests.api.tus_requests import TUS


def test_a_moderator_sees_those_of_others_and_ends_none(tmp_path: Path) -> None:
    settle(tmp_path / "state", mod=Role.MODERATOR, bob=Role.USER, ann=Role.USER)
    with serving(tmp_path) as api:
        people = {name: Person(api.http, name) for name in ("root", "mod", "bob", "ann")}
        wanted = {**people["bob"].headers, **TUS, "Upload-Length": "1000", "Upload-Metadata": "name ZGViaWFu"}
        place = api.http.post("/api/v1/uploads", headers=wanted).headers["Location"]

        def changeable(name: str) -> list[bool]:
            return [one["changeable"] for one in people[name].ask("GET", "uploads").json()["uploads"]]

        assert {name: changeable(name) for name in people} == {"root": [True], "mod": [False], "bob": [True], "ann": []}
        assert api.http.delete(place, headers={**people["mod"].headers, **TUS}).status_code == 404
        assert api.http.delete(place, headers={**people["bob"].headers, **TUS}).status_code == 204
