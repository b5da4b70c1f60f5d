"""Uploads that end, or whose file somebody removes, keep nobody from a list of them, or from another upload."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.api.harness import Api
from tests.api.tus_requests import TUS, begin

UPLOADS = "/api/v1/uploads"


@pytest.fixture
def api(upload_api: Api) -> Api:
    return upload_api


def test_each_list_and_each_beginning_is_answered(api: Api) -> None:
    over = Event()

    def lists() -> set[int]:
        found = set()
        while not over.is_set():
            found.add(api.http.get(UPLOADS).status_code)
        return found

    def begins(name: str) -> set[int]:
        found = set()
        for _ in range(60):
            begun = begin(api, 1000, name=name)
            found |= {begun.status_code, api.http.delete(begun.headers["Location"], headers=TUS).status_code}
        return found

    with ThreadPoolExecutor(4) as pool:
        listing = [pool.submit(lists) for _ in range(2)]
        try:
            assert [one.result() for one in [pool.submit(begins, name) for name in ("a", "b")]] == [{201, 204}] * 2
        finally:
            over.set()
        assert [one.result() for one in listing] == [{200}] * 2
