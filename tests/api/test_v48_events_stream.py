from __future__ import annotations

from tests.api.harness import Api, Stream, refused


def test_v48_headers_come_at_once(api: Api) -> None:
    stream = Stream(api.port, timeout=2)
    head = "\n".join(stream.head).lower()
    assert "content-type: text/event-stream" in head
    assert "content-length" not in head
    stream.close()


def test_v48_frames_carry_name_and_timestamp(api: Api, name: str) -> None:
    stream = Stream(api.port)
    api.operator.event(name, "Stopped")
    (event,) = stream.events(1)
    assert event.event == "vm.stopped"
    assert event.content["name"] == name
    assert event.content["timestamp"].endswith("Z")
    stream.close()


def test_v48_an_event_id_that_is_none_is_400(api: Api) -> None:
    refused(api.http.get("/api/v1/events/vms", headers={"Last-Event-ID": "x"}), 400, "invalid_request")
