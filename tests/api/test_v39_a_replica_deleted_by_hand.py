from __future__ import annotations

from tests.api.living import Living


def born(real: Living, name: str) -> tuple[str, str]:
    """Which one it is: a folder's comes back under its uid, and a cluster's clock knows whole seconds only."""
    meta = real.http.get(f"/api/v1/vms/{name}?view=resource").json()["metadata"]
    return meta["uid"], meta["creationTimestamp"]


def test_v39_it_is_made_anew(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 2)
    real.settles(name, f"{name}-1", f"{name}-2")
    before = born(real, f"{name}-1")
    assert real.http.delete(f"/api/v1/vms/{name}-1").status_code == 204
    real.settles(name, f"{name}-1", f"{name}-2")
    assert born(real, f"{name}-1") != before
