from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.living import Living


def test_v36_the_last_accepted_number_holds(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 1)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda replicas: real.scale(name, replicas), [3, 7] * 5))
    last = real.deployment(name)["replicas"]
    assert last in (3, 7)
    real.settles(name, *(f"{name}-{i}" for i in range(1, last + 1)))

    def listed() -> list[str]:
        """Those that are being deleted included."""
        return [vm["name"] for vm in real.http.get(f"/api/v1/vms?plugin=p-{name}").json()]

    real.until(lambda: listed() == sorted(f"{name}-{i}" for i in range(1, last + 1)), "the others have gone")
