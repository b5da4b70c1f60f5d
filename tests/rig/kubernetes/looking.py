"""Reads single objects without starting a program each time: waiting reads many times."""

from __future__ import annotations

import base64
import functools
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from homeostat.models.kinds import CLUSTER_KINDS, kind_of
from homeostat.store.kubernetes.paths import path_of

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Look:
    """Reads as one user, by the kubeconfig of a control plane."""

    def __init__(self, kubeconfig: Path) -> None:
        content = json.loads(kubeconfig.read_text())
        cluster, self._token = content["clusters"][0]["cluster"], content["users"][0]["user"]["token"]
        self._address = urlsplit(cluster["server"]).netloc
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)

    def at(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Returns the object. None where there is none, the server does not answer, or it knows no such kind."""
        place = _place(kind, namespace)
        assert place is not None, f"kubectl alone knows what a {kind} is"
        server = http.client.HTTPSConnection(self._address, timeout=10, context=self._tls)
        try:
            server.request("GET", f"{place}/{name}", headers={"Authorization": f"Bearer {self._token}"})
            answer = server.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            server.close()
        return found if answer.status == 200 else None


def knows(kind: str) -> bool:
    return _place(kind, "default") is not None


@functools.cache
def look_of(kubeconfig: Path) -> Look:
    return Look(kubeconfig)


def _place(kind: str, namespace: str) -> str | None:
    if kind == "crd":
        return CRDS
    known = (kind_of(cls) for cls in CLUSTER_KINDS)
    found = next((k.cls for k in known if kind in (k.name.lower(), k.plural, k.noun, *k.words)), None)
    return path_of(found).collection(namespace) if found else None
