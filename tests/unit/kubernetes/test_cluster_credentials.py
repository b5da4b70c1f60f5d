"""Who we are in a pod: the service account, by a token that kopf needs bare, and that is renewed every hour."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.store.kubernetes import access as accesses
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster, Credentials
from tests.rig.kubernetes import credentials as rig


async def credentials() -> Credentials:
    cluster = await Cluster.connect(Access())
    try:
        return await cluster.credentials()
    finally:
        await cluster.close()


def test_the_token_of_a_pod_is_handed_over_bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rig.Credentials(tmp_path / "credentials")
    made.make("https://10.0.0.1")
    token, authority = tmp_path / "token", made.certificate
    token.write_text("eyJhbGciOi.its-content")
    monkeypatch.setattr(accesses, "IN_CLUSTER", token)
    monkeypatch.setattr("kubernetes.aio.config.incluster_config.SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr("kubernetes.aio.config.incluster_config.SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    found = asyncio.run(credentials())

    assert (found.server, found.ca_path) == ("https://10.0.0.1:443", str(authority))
    assert found.token == "eyJhbGciOi.its-content"
