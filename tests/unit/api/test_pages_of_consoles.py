"""The pages of consoles are read from where they were built, and nothing beside them is; without them that is said."""

from __future__ import annotations

from pathlib import Path

import falcon
import pytest
from falcon.testing import TestClient

from homeostat_api.consoles import pages
from homeostat_api.errors import ANSWERS
from homeostat_api.gate import OPEN_FILES
from homeostat_api.http.answers import web_files
from homeostat_api.http.application import application

SCRIPT = b"export {}"


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns where the pages are. Beside them is a file that is none."""
    found = tmp_path / "web"
    (found / "console").mkdir(parents=True)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (found / "link.js").symlink_to(tmp_path / "secret.txt")
    for name in ("index.html", "serial.html"):
        (found / "console" / name).write_bytes(name.encode())
    for suffix in ("js", "mjs", "css", "txt", "wasm"):
        (found / "console" / f"it.{suffix}").write_bytes(SCRIPT)
    for module in (pages, web_files):
        monkeypatch.setattr(module, "WEB", found)
    return found


@pytest.fixture
def client(web: Path) -> TestClient:
    return TestClient(application(pages.page_routes(), ANSWERS, ()))


@pytest.mark.parametrize(
    ("path", "file", "styles"),
    [("/console/web", "index.html", "'self'"), ("/console/web/serial", "serial.html", "'self' 'unsafe-inline'")],
)
def test_a_page(client: TestClient, web: Path, path: str, file: str, styles: str) -> None:
    answer = client.simulate_get(path)
    assert (answer.status_code, answer.content) == (200, file.encode())
    assert answer.headers["content-type"] == "text/html; charset=utf-8" and answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert (
        policy.startswith(f"default-src 'none'; script-src 'self'; style-src {styles}; img-src")
        and "frame-ancestors 'self'" in policy  # our own page shows it within itself
    )
    (web / "console" / file).unlink()
    missing = client.simulate_get(path)
    assert missing.status == falcon.HTTP_503 and b"make web" in missing.content
    assert missing.headers["content-security-policy"] == policy


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("console/it.js", "text/javascript; charset=utf-8"),
        ("console/it.mjs", "text/javascript; charset=utf-8"),
        ("console/it.css", "text/css; charset=utf-8"),
        ("console/it.txt", "text/plain; charset=utf-8"),
        ("console/it.wasm", "application/octet-stream"),
    ],
)
def test_a_file(client: TestClient, file: str, kind: str) -> None:
    answer = client.simulate_get(f"/web/{file}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, SCRIPT, kind)
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-cache", "nosniff")
    tag = answer.headers["etag"]
    assert len(tag) == 34, "32 digits, in quotes"
    for known, status in ((tag, 304), (f'"a", {tag}', 304), ('"a"', 200)):
        again = client.simulate_get(f"/web/{file}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (status, b"" if status == 304 else SCRIPT, tag)


@pytest.mark.parametrize("path", sorted(OPEN_FILES))
def test_a_file_of_the_page_to_sign_in_with(client: TestClient, web: Path, path: str) -> None:
    assert client.simulate_get(path).json["code"] == "not_found"
    (web / path.removeprefix("/web/")).write_bytes(path.encode())
    answer = client.simulate_get(path)
    assert (answer.status_code, answer.content) == (200, path.encode())
    again = client.simulate_get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("file", ["none.js", "console", "../secret.txt", "link.js", "console/../../secret.txt", "a" * 300, "%00"])
def test_no_other_one(client: TestClient, file: str) -> None:
    answer = client.simulate_get(f"/web/{file}")
    assert (answer.status_code, answer.json["code"], answer.json["error"]) == (404, "not_found", "There is no such file")
    path: str = answer.json["details"]["path"]
    assert path.startswith("/web/") and len(path) <= 256 and (len(path) == 256) == (len(file) == 300)
