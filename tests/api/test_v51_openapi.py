from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from tests.api import inside
from tests.api.harness import Api

PATHS = {
    "/api/v1/vms": {"get", "post"},
    "/api/v1/vms/{name}": {"get", "delete"},
    "/api/v1/vms/{name}/start": {"post"},
    "/api/v1/vms/{name}/stop": {"post"},
    "/api/v1/vms/{name}/restart": {"post"},
    "/api/v1/vms/{name}/config": {"get", "patch"},
    "/api/v1/vms/{name}/config/history": {"get"},
    "/api/v1/vms/{name}/spec": {"get", "put", "patch"},
    "/api/v1/vms/{name}/openapi": {"get"},
    "/api/v1/deployments": {"get", "post"},
    "/api/v1/deployments/{name}": {"get", "patch", "delete"},
    "/api/v1/deployments/{name}/spec": {"get", "put", "patch"},
    "/api/v1/plugins": {"get", "post"},
    "/api/v1/plugins/{plugin}": {"get", "delete"},
    "/api/v1/plugins/{plugin}/enabled": {"post"},
    "/api/v1/system/info": {"get"},
    "/api/v1/orphans": {"get"},
    "/api/v1/events/vms": {"get"},
    "/api/v1/openapi": {"get"},
}


@pytest.mark.skipif(inside.INSIDE, reason="the document is not built there")
def test_v51_the_document(api: Api) -> None:
    document = api.http.get("/api/v1/openapi").json()
    assert document["openapi"] == "3.0.3"
    assert (document["info"]["title"], document["info"]["version"]) == ("Volant API", "v1")
    for path, methods in PATHS.items():
        assert set(document["paths"][path]) == methods, path
    validate(document)


def test_v51_no_words_of_newer_dialects(api: Api) -> None:
    text = json.dumps(api.http.get("/api/v1/openapi").json())
    for word in ('"const":', '"prefixItems":', '"$defs":', '"type": "null"', '"examples":'):
        assert word not in text
