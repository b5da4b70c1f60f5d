from __future__ import annotations

from pathlib import Path

from tests.api.harness import refused, serving

TOKEN = "correct-horse-battery-staple"


def test_with_a_token_every_route_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    with serving(tmp_path, "--token-file", str(file)) as api:
        for path in ("/api/v1/vms", "/metrics", "/", "/api/v1/openapi", "/nothing"):
            answer = api.http.get(path)
            refused(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        refused(api.http.get("/api/v1/vms", headers={"Authorization": f"Basic {TOKEN}"}), 401, "unauthorized")
        refused(api.http.get("/api/v1/vms", headers={"Authorization": "Bearer wrong"}), 401, "unauthorized")
        assert api.http.get("/api/v1/vms", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert api.http.get("/healthz").status_code == 200
        assert api.http.get("/readyz").status_code == 503
