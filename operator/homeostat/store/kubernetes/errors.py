"""What a cluster refuses, beyond homeostat.store.errors.

StoreError
└── ClusterError
    ├── ClusterUnavailable  no answer, or not a useful one: it is tried again
    ├── KindMissing         the server does not know our kinds: the CRDs are not installed
    ├── Forbidden           our account may not: RBAC
    └── LeadershipLost      the lease is another's: we must not act
NotFound
└── NamespaceMissing        the resource may be there, but its namespace is not
"""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.store.errors import Denied, NotFound, StoreError


class ClusterError(StoreError):
    """The base of these errors."""


class ClusterUnavailable(ClusterError):
    """The API server cannot be reached, is overloaded, or failed."""


class KindMissing(ClusterError):
    """The API server does not know a kind."""


class Forbidden(ClusterError, Denied):
    """Our account may not do this."""


class LeadershipLost(ClusterError):
    """Another operator may do this job now. We must not act any more."""


class NamespaceMissing(NotFound):
    """The namespace has gone, as by force: what is left in it can be changed once there is one of that name again."""

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        mend = f"`kubectl create namespace {key.namespace}`"
        self.args = (f"namespace {key.namespace} is missing, so the server changes nothing in it: {mend}",)
