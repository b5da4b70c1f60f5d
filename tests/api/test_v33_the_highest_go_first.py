from __future__ import annotations

from tests.api.living import Living


def test_v33_scaling_down_keeps_the_lowest(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 5)
    real.settles(name, *(f"{name}-{i}" for i in range(1, 6)))
    kept = [real.api.get(f"{name}-{i}")["created_at"] for i in (1, 2)]
    real.scale(name, 2)
    real.settles(name, f"{name}-1", f"{name}-2")
    assert [real.api.get(f"{name}-{i}")["created_at"] for i in (1, 2)] == kept
    real.until(lambda: real.http.get(f"/api/v1/vms/{name}-5").status_code == 404, "the fifth is gone")
    real.until(lambda: not list((real.api.state / "machines").glob(f"**/{name}-[345]")), "their files are gone")
