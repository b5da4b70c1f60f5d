"""Namespaces of tests, and the end of what is in them."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import ssl
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from homeostat.models.base import API_GROUP
from homeostat.models.kinds import CLUSTER_KINDS, kind_of
from homeostat.store.kubernetes.paths import path_of
from tests.rig.kubernetes.plane import ControlPlane


@contextlib.contextmanager
def fresh_namespace(plane: ControlPlane) -> Iterator[str]:
    """Makes one, and removes it. Nothing of ours stays in it: the operator of a later test would look after that, too."""
    plane.start_apiserver()  # in case the test before left it dead
    name = f"t-{secrets.token_hex(4)}"
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield name
    finally:
        plane.start_apiserver()
        plane.api("DELETE", f"/api/v1/namespaces/{name}")
        kept = [key.split("/") for key in plane.stored(f"{API_GROUP}/")]  # one question, not one for each kind
        _empty(plane, name, {key[0] for key in kept if len(key) == 3 and key[1] == name})


def _empty(plane: ControlPlane, namespace: str, plurals: Collection[str]) -> None:
    """Deletes what is there. What waits for an operator, which there is none of any more, goes at once."""
    context = ssl.create_default_context(cafile=str(plane.certificate))
    server = http.client.HTTPSConnection(urlsplit(plane.url).netloc, timeout=30, context=context)
    headers = {"Authorization": f"Bearer {plane.credentials.admin_token}", "Content-Type": "application/merge-patch+json"}

    def ask(method: str, path: str, body: object = None) -> Any:
        server.request(method, path, None if body is None else json.dumps(body), headers)
        return json.loads(server.getresponse().read())

    with contextlib.closing(server):
        for place in (path_of(kind).collection(namespace) for kind in CLUSTER_KINDS if kind_of(kind).plural in plurals):
            for one in ask("DELETE", place).get("items", ()):  # none where the kind has gone
                if one["metadata"].get("finalizers"):
                    ask("PATCH", f"{place}/{one['metadata']['name']}", {"metadata": {"finalizers": None}})
