"""What the API tells of itself: how many requests there were, how long they took, and whether the operator answers."""

from __future__ import annotations

import pytest

from homeostat_api.metrics import Metrics


@pytest.mark.parametrize(("up", "value"), [(True, "1.0"), (False, "0.0")])
def test_all_that_is_counted(up: bool, value: str) -> None:
    metrics = Metrics()
    metrics.observe("GET", "/vms", 200, 0.5)
    metrics.observe("GET", "/vms", 200, 0.25)
    metrics.readers.inc()
    lines = metrics.render(up).decode().splitlines()
    assert {
        'homeostat_api_requests_total{method="GET",route="/vms",status="200"} 2.0',
        'homeostat_api_request_duration_seconds_sum{route="/vms"} 0.75',
        'homeostat_api_request_duration_seconds_bucket{le="0.1",route="/vms"} 0.0',
        'homeostat_api_request_duration_seconds_bucket{le="0.25",route="/vms"} 1.0',
        f"homeostat_operator_up {value}",
        "homeostat_api_event_readers 1.0",
    } <= set(lines)
