from __future__ import annotations

import pytest

from tests.api.harness import Api, refused
from tests.api.inside import INSIDE

NAMES = [f"page-{i}" for i in range(5)]


@pytest.fixture(scope="function" if INSIDE else "module")
def five(api: Api) -> Api:
    for name in NAMES:
        api.create(name)
    return api


def names(api: Api, query: str) -> list[str]:
    return [vm["name"] for vm in api.http.get(f"/api/v1/vms?{query}").json()]


def test_v04_limit_and_offset(five: Api) -> None:
    everything = names(five, "")
    assert everything == sorted(everything) and set(NAMES) <= set(everything)
    assert names(five, "limit=2&offset=1") == everything[1:3]
    assert names(five, "limit=0") == []
    assert names(five, "offset=100000") == []


def test_v04_the_total_is_counted_before_paging(five: Api) -> None:
    total = len(names(five, ""))
    assert five.http.get("/api/v1/vms?limit=1").headers["X-Total-Count"] == str(total)


@pytest.mark.parametrize("query", ["limit=-1", "offset=-1", "limit=1.5", "limit=", "offset=x", "limit=99999999999999999999"])
def test_v04_what_is_not_a_whole_number_is_400(api: Api, query: str) -> None:
    refused(api.http.get(f"/api/v1/vms?{query}"), 400, "invalid_request")


def test_v04_an_unchanged_list_is_304(own_api: Api) -> None:
    own_api.create("one")
    first = own_api.http.get("/api/v1/vms")
    known = {"If-None-Match": first.headers["ETag"]}
    assert own_api.http.get("/api/v1/vms", headers=known).status_code == 304
    own_api.operator.running("one")
    changed = own_api.http.get("/api/v1/vms", headers=known)
    assert changed.status_code == 200
    assert changed.json()[0]["status"] == "running"
