from __future__ import annotations

from tests.api.living import Living


def test_v39_it_is_made_anew(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 2)
    real.settles(name, f"{name}-1", f"{name}-2")
    before = real.api.get(f"{name}-1")["created_at"]
    assert real.http.delete(f"/api/v1/vms/{name}-1").status_code == 204
    real.settles(name, f"{name}-1", f"{name}-2")
    assert real.api.get(f"{name}-1")["created_at"] > before
