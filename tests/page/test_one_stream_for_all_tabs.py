"""All tabs of a browser live by one stream: with one for each, the sixth tab would get no answer any more over HTTP/1.1."""

from __future__ import annotations

import re

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.rig.waiting import wait_until

TABS = 12
FEW = 3  # of them may read one after the other: a busy browser's first tab answers late, and then another one takes over


def streams(real: Living) -> int:
    """Returns how many streams have been asked for."""
    counted = re.findall(r'_requests_total\{.*"/api/v1/watch".*\} ([0-9.]+)', real.http.get("/metrics").text)
    return round(sum(map(float, counted)))


def test_many_tabs_follow_by_one_stream_and_another_takes_over(real: Living, opens: Opens, name: str) -> None:
    before = streams(real)
    with opens() as first:
        first.wait("document.querySelector('.link.good')", "it is live")
        tabs = [first.another(f"{real.api.http.base_url}/#/activity") for _ in range(TABS)]
        for tab in tabs:
            tab.run("location.hash = '#/'")
            tab.wait("document.querySelector('.link.good')", "it is live")
        one = streams(real) - before
        assert 1 <= one <= FEW
        real.http.post("/api/v1/vms", json={"name": f"{name}-a", "spec": {}}).raise_for_status()
        for tab in (first, *tabs):
            tab.shows(f"{name}-a")
        first.close()
        wait_until(lambda: streams(real) - before > one, 20, "another tab takes over")
        real.http.post("/api/v1/vms", json={"name": f"{name}-b", "spec": {}}).raise_for_status()
        for tab in tabs:
            tab.shows(f"{name}-b")
        assert streams(real) - before <= one + FEW


def test_a_tab_that_hangs_keeps_no_other_waiting(real: Living, opens: Opens, name: str) -> None:
    """As one does whose browser asks whether it may be left."""
    with opens() as first:
        first.wait("document.querySelector('.link.good')", "it is live")
        first.run("setTimeout(() => { const end = Date.now() + 25000; while (Date.now() < end); }, 0)")
        second = first.another(f"{real.api.http.base_url}/")
        real.http.post("/api/v1/vms", json={"name": f"{name}-a", "spec": {}}).raise_for_status()
        second.shows(f"{name}-a", 22)
        first.wait("document.querySelector('.link.good')", "it goes on", 60)
        real.http.post("/api/v1/vms", json={"name": f"{name}-b", "spec": {}}).raise_for_status()
        for tab in (first, second):
            tab.shows(f"{name}-b")
