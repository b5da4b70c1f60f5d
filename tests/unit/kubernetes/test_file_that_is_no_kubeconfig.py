"""A file that is no kubeconfig, such as one that is being written, is named, and is no defect of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.errors import ClusterUnavailable

STRAY = """{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
clusters: [{name: a, cluster: {server: 5}}], users: [{name: a, user: {}}]}"""


@pytest.mark.parametrize("content", ["", "hello", "- a", "{a: [", "{clusters: 3}", "\x00", STRAY, STRAY.replace("5", "{}")])
def test_it_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)

    with pytest.raises(ClusterUnavailable, match=r"no usable kubeconfig: .*/kubeconfig.* Name one with --kubeconfig") as refused:
        asyncio.run(Cluster.connect(Access(file)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("of", ["certificate-authority", "client-certificate"])
def test_a_certificate_that_is_none_is_refused(tmp_path: Path, of: str) -> None:
    file = tmp_path / "kubeconfig"
    (tmp_path / "pem").write_text("none")
    user = "client-certificate: pem, client-key: pem" if of == "client-certificate" else ""
    cluster = "server: https://127.0.0.1:1" + (", certificate-authority: pem" if of == "certificate-authority" else "")
    file.write_text(STRAY.replace("server: 5", cluster).replace("user: {}", f"user: {{{user}}}"))

    with pytest.raises(ClusterUnavailable, match=r"no usable kubeconfig: .* Name one with --kubeconfig"):
        asyncio.run(Cluster.connect(Access(file)))
