"""Pages of the origins that are allowed may ask and read, with the token; those of others may not."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from tests.api import inside
from tests.api.harness import Api, refused, serving
from tests.rig.browser import browse

TOKEN = "0123456789abcdef0123456789abcdef"
PANEL = "https://panel.example"
ASKS = {"Origin": PANEL, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}
PAGE = """<p id=out></p><script>
const headers = {Authorization: "Bearer TOKEN", "Content-Type": "application/json"};
(async () => {
  const out = document.querySelector("#out");
  try {
    const made = await fetch("API/api/v1/vms", {method: "POST", headers, body: JSON.stringify({name: "by-a-page"})});
    const found = await (await fetch("API/api/v1/vms", {headers})).json();
    out.textContent = `made ${made.status}: ${found.map(vm => vm.name)}`;
  } catch (error) { out.textContent = `kept out: ${error}`; }
})();
</script>"""


def token_file(folder: Path) -> str:
    path = folder / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def open_api(tmp_path: Path) -> Iterator[Api]:
    with serving(tmp_path, "--token-file", token_file(tmp_path), "--allow-origin", PANEL) as api:
        yield api


def test_a_browser_that_asks_before_needs_no_token(open_api: Api) -> None:
    answer = open_api.http.options("/api/v1/vms/web/spec", headers=ASKS)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PANEL and "Origin" in answer.headers["Vary"]
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://other.example", "http://panel.example", f"{PANEL}:8443", f"{PANEL}.evil.example", "null"]
)
def test_another_origin_is_told_nothing(open_api: Api, origin: str) -> None:
    refused(open_api.http.options("/api/v1/vms", headers={**ASKS, "Origin": origin}), 401, "unauthorized")
    answer = open_api.http.get("/api/v1/vms", headers={"Origin": origin, "Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"], "no cache hands it what another origin was answered"


def test_the_token_is_needed_all_the_same_and_errors_can_be_read(open_api: Api) -> None:
    for headers in ({"Origin": PANEL}, {"Origin": PANEL, "Authorization": "Bearer wrong"}):
        answer = open_api.http.get("/api/v1/vms", headers=headers)
        refused(answer, 401, "unauthorized")
        assert answer.headers["Access-Control-Allow-Origin"] == PANEL
    refused(open_api.http.options("/api/v1/vms", headers={"Origin": PANEL}), 401, "unauthorized")
    ok = {"Origin": PANEL, "Authorization": f"Bearer {TOKEN}"}
    answer = open_api.http.get("/api/v1/vms/none", headers=ok)
    assert answer.status_code == 404 and answer.headers["Access-Control-Allow-Origin"] == PANEL
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.skipif(inside.INSIDE, reason="a browser needs a server to connect to")
@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "another"])
def test_a_page_in_a_browser(tmp_path: Path, allowed: bool) -> None:
    site = tmp_path / "site"
    site.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(site))
    with HTTPServer(("127.0.0.1", 0), handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{pages.server_port}"
        options = ("--token-file", token_file(tmp_path), "--allow-origin", origin if allowed else PANEL)
        with serving(tmp_path, *options, headers={"Authorization": f"Bearer {TOKEN}"}) as api:
            where = f"http://127.0.0.1:{api.port}"
            (site / "index.html").write_text(PAGE.replace("TOKEN", TOKEN).replace("API", where))
            with browse(f"{origin}/", tmp_path / "profile") as page:
                told = "made 201: by-a-page" if allowed else "kept out: "
                page.shows(told, 30, f"the page says: {told}")
            assert [vm["name"] for vm in api.http.get("/api/v1/vms").json()] == (["by-a-page"] if allowed else [])
        pages.shutdown()
