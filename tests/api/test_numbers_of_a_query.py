"""Numbers in a query are whole, and have a limit: the limit itself is taken, one more is not."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

DAY = 86_400  # seconds
WAITING = [
    ("POST", "/api/v1/vms/{}/stop"),
    ("DELETE", "/api/v1/vms/{}"),
    ("DELETE", "/api/v1/deployments/{}"),
    ("DELETE", "/api/v1/plugins/{}"),
]
TAKEN = ("0", "000000001", "999999999")
REFUSED = ("1000000000", "0000000001", "-1", "1.5", "", "٣", "²", "1_0", " 1")


@pytest.mark.parametrize(("method", "path"), WAITING)
def test_nobody_waits_longer_than_a_day(api: Api, name: str, method: str, path: str) -> None:
    at = path.format(name)
    assert api.http.request(method, at, params={"wait": DAY}).status_code == 404, "it is taken, and then there is none"
    details = refused(api.http.request(method, at, params={"wait": DAY + 1}), 400, "invalid_request")
    assert details == {"parameter": "wait", "given": str(DAY + 1)}


@pytest.mark.parametrize("parameter", ["limit", "offset"])
def test_which_numbers_a_list_takes(api: Api, parameter: str) -> None:
    for given, status in [*((taken, 200) for taken in TAKEN), *((wrong, 400) for wrong in REFUSED)]:
        assert api.http.get("/api/v1/vms", params={parameter: given}).status_code == status, given
