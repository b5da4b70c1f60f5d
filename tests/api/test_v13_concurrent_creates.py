from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.harness import Api


def test_v13_of_concurrent_creates_one_wins(api: Api, name: str) -> None:
    def create(vcpu: int) -> tuple[int, int]:
        body = {"name": name, "config": {"resources": {"vcpu": vcpu}}}
        return api.http.post("/api/v1/vms", json=body).status_code, vcpu

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(1, 9)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    winner = next(vcpu for status, vcpu in answers if status == 201)
    assert api.get(name)["resources"]["vcpu"] == winner
