from __future__ import annotations

from pathlib import Path

from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder


def test_v40_names_and_nothing_else(own_api: Api) -> None:
    assert own_api.http.get("/api/v1/plugins").json() == {"plugins": []}
    for name in ("user-api", "nginx-alpine"):
        own_api.install(name)
    answer = own_api.http.get("/api/v1/plugins")
    assert (answer.status_code, answer.json()) == (200, {"plugins": ["nginx-alpine", "user-api"]})
    assert answer.headers["X-Total-Count"] == "2"
    again = own_api.http.get("/api/v1/plugins", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert own_api.http.get("/api/v1/plugins?limit=1&offset=1").json() == {"plugins": ["user-api"]}


@of_a_folder
def test_v40_plugins_of_the_folder_are_listed(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "nginx.yaml").write_text(
        "apiVersion: homeostat.dev/v1alpha1\nkind: Plugin\nmetadata: {name: nginx}\n"
        "spec: {version: '1', rootfs: {url: 'https://example.com/nginx.qcow2'}}\n"
    )
    with serving(tmp_path) as api:
        assert api.http.get("/api/v1/plugins").json() == {"plugins": ["nginx"]}
