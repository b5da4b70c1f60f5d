from __future__ import annotations

from tests.api.harness import Api, Stream


def test_v53_a_change_of_health_is_an_event(api: Api, name: str) -> None:
    stream = Stream(api.port)
    api.operator.event(name, "HealthChanged", "GET / timed out", status="unhealthy")
    (event,) = stream.events(1)
    stream.close()
    assert event.event == "vm.health_changed"
    assert (event.content["name"], event.content["status"]) == (name, "unhealthy")
