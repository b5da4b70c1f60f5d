from __future__ import annotations

from tests.api.living import Living


def test_v32_scaling_up_fills_holes_first(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 3)
    real.settles(name, *(f"{name}-{i}" for i in (1, 2, 3)))
    assert real.http.delete(f"/api/v1/vms/{name}-2").status_code == 204
    real.scale(name, 4)
    real.settles(name, *(f"{name}-{i}" for i in (1, 2, 3, 4)))
