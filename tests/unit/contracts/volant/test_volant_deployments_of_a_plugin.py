"""A list of deployments has those of the plugin that is asked for, in the contract's words or as whole resources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.service.naming.veil import said_of
from homeostat_api.http import errors
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.media import dumps
from homeostat_contracts.volant.errors import ANSWERS
from homeostat_contracts.volant.resources.deployments import DeploymentList


def entry(name: str, plugin: str | None) -> Entry:
    spec = {"replicas": 1, "template": {"spec": {}}}
    made = VirtualMachineDeployment.model_validate({"metadata": {"name": name}, "spec": spec})
    return Entry(name, name, 1, lambda: {"whole": name}, plugin, 1, None, dumps(name), made, said_of(made))


ENTRIES = [entry("a", "p"), entry("b", "q"), entry("c", None)]


async def answer(
    req: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    select: Callable[[falcon.asgi.Request], Callable[[Sequence[Entry]], Sequence[bytes]]],
) -> None:
    resp.data = b" ".join(select(req)(ENTRIES))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", b'"a" "b" "c"'),
        ("plugin=p", b'"a"'),
        ("plugin=none", b""),
        ("view=resource", b'{"whole":"a"} {"whole":"b"} {"whole":"c"}'),
        ("plugin=q&view=resource", b'{"whole":"b"}'),
    ],
)
def test_what_is_selected(query: str, shown: bytes) -> None:
    app: Any = falcon.asgi.App()
    errors.install(app, ANSWERS)
    unused: Any = None
    app.add_route("/deployments", DeploymentList(unused, answer))  # type: ignore[arg-type]
    got = TestClient(app).simulate_get("/deployments", query_string=query)
    assert (got.status_code, got.content) == (200, shown)
