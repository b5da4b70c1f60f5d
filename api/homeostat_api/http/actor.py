"""Who asks: what the gate made of a request."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.actor import Actor


def shown_by(req: falcon.asgi.Request) -> str | None:
    """Returns the token of his account by which whoever asks was recognised, however it came. None: by something else."""
    shown: str | None = getattr(req.context, "shown", None)
    return shown


def who(req: falcon.asgi.Request) -> Actor:
    """Returns who asks."""
    actor: Actor = req.context.actor
    return actor
