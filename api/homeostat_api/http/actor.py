"""Who asks: what the gate made of a request."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.actor import Actor


def who(req: falcon.asgi.Request) -> Actor:
    """Returns who asks."""
    actor: Actor = req.context.actor
    return actor
