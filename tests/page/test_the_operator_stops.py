"""The operator ends while the API goes on: what is shown stays, and it is said how old it is."""

from __future__ import annotations

from pathlib import Path

from tests.api.living import living
from tests.page.steps import running
from tests.rig.browser import browse


def test_it_is_said_how_old_all_is(tmp_path: Path) -> None:
    with living(tmp_path) as real, browse(f"{real.api.http.base_url}/", tmp_path / "profile") as page:
        running(real, "box")
        page.shows("Running")
        page.wait("document.querySelector('.link.good')", "it is live")
        real.operator.kill()
        page.wait("/it last looked [0-9]+[smh] ago/.test(document.querySelector('.link.bad')?.innerText)", "its age", 60)
        assert "box" in page.text(), "what was known is shown"
        real.http.post("/api/v1/vms", json={"name": "later", "spec": {}}).raise_for_status()
        page.shows("later")  # the API goes on
        page.shows("Pending")
