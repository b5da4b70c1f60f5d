"""A server that is killed, and one that comes back: the page says how old it is, and goes on by itself."""

from __future__ import annotations

from pathlib import Path

from homeostat.models.machine import MachineState
from tests.api.harness import serving
from tests.api.modes import backend
from tests.rig.browser import browse
from tests.rig.waiting import free_port


def test_the_page_says_so_and_goes_on(tmp_path: Path) -> None:
    port, where = free_port(), backend(tmp_path)
    with serving(tmp_path, port=port, where=where) as api:
        api.http.post("/api/v1/vms", json={"name": "before", "spec": {}}).raise_for_status()
        browser = browse(f"http://127.0.0.1:{port}/", tmp_path / "profile")
        page = browser.__enter__()
        page.shows("before")
        page.shows("No operator is at work")  # none does beside this server
    try:
        page.shows("The server does not answer")
        assert "before" in page.text(), "what was known is still shown"
        page.run("location.hash = '#/virtualmachines/before/history'")
        page.shows("the server does not answer")
        page.run("location.hash = '#/'")
        # As if the server that comes back were another version.
        page.run("""{
          const real = window.fetch;
          const another = () => new Response("", { headers: { ETag: "another" } });
          window.fetch = (path, options) => (options?.method === "HEAD" ? Promise.resolve(another()) : real(path, options));
        }""")
        with serving(tmp_path, port=port, where=where) as api:
            api.http.post("/api/v1/vms", json={"name": "after", "spec": {}}).raise_for_status()
            page.shows("after")
            api.operator.report("after", MachineState.RUNNING)
            page.shows("Running")
            assert "The server does not answer" not in page.text()
            page.shows("The server is another version than this page")
    finally:
        browser.__exit__(None, None, None)
