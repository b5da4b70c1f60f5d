"""Who asks: what the gate made of a request."""

from __future__ import annotations

from urllib.parse import unquote

import falcon.asgi

from homeostat.accounts.actor import Actor

from .errors import Problem

ACCOUNT = "Homeostat-Account"
"""A header by which a page says whose it is: in a browser somebody else may have signed in since."""


def shown_by(req: falcon.asgi.Request) -> str | None:
    """Returns the token of his account by which whoever asks was recognised, however it came. None: by something else."""
    shown: str | None = getattr(req.context, "shown", None)
    return shown


def who(req: falcon.asgi.Request) -> Actor:
    """Returns who asks."""
    actor: Actor = req.context.actor
    return actor


def check_meant(actor: Actor, meant: str | None) -> None:
    """Checks that whoever asks is the account that is meant, if one is. Its name is encoded as in a URL.

    Raises:
        Problem: 409, it is somebody else.
    """
    if meant and actor.how != "unknown" and unquote(meant) != actor.name:
        said = f"This was asked for as {unquote(meant)[:64]!r}, and {actor.name or 'somebody without an account'} is signed in"
        raise Problem(409, "other_account", f"{said} by now: load the page again", {"account": actor.name or None})
