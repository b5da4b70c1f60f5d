"""Who asked an API server for what, from its own audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


class Audit:
    """``flags`` are kube-apiserver's."""

    def __init__(self, folder: Path) -> None:
        self._log, policy = folder / "audit.log", folder / "audit-policy.yaml"
        policy.write_text(POLICY)
        self.flags = (f"--audit-policy-file={policy}", f"--audit-log-path={self._log}", "--audit-log-mode=blocking")

    def requests(self, user: str) -> Iterator[tuple[str, str, int]]:
        """Resource (with its subresource), verb and answer of each."""
        for line in self._log.read_text().splitlines():
            event = json.loads(line)
            about = event.get("objectRef")
            if event["user"]["username"] == user and about and "resource" in about:
                resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
                yield resource, event["verb"], event.get("responseStatus", {}).get("code", 0)
