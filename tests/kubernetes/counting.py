"""How often a cluster was written to, as its API server counts it, and how often an operator showed that it lives."""

from __future__ import annotations

import re
from collections import Counter

from tests.kubernetes.operating import LEASES
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

COUNTED = re.compile(r'apiserver_request_total\{.*?resource="(\w+)".*?subresource="(\w*)".*?verb="(PATCH|POST|PUT)".*\} (\S+)')


def writes(plane: ControlPlane) -> Counter[str]:
    """All writes to machines, hosts and events so far, whoever made them, refused ones too; not what the cluster's own
    controllers delete of the tests before."""
    text = plane.kubectl("get", "--raw", "/metrics")
    found: Counter[str] = Counter()
    for resource, subresource, verb, count in COUNTED.findall(text):
        if resource in ("virtualmachines", "hosts", "plugins", "events"):
            found[f"{verb} {resource}/{subresource}"] += int(float(count))
    return found


def wait_renewed(plane: ControlPlane, times: int) -> None:
    """Until the operator has shown that often that it lives."""
    seen = set[str]()

    def renewed() -> bool:
        seen.add(plane.kubectl.within(LEASES).get("lease", "homeostat-host-node")["spec"]["renewTime"])
        return len(seen) > times

    wait_until(renewed, 30, "the lease is renewed", interval=0.5)
