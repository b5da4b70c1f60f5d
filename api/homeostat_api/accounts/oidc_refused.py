"""The page that says why nobody was let in: what a browser gets that went to an OpenID Connect provider, or came back."""

from __future__ import annotations

import html
from typing import Any

import falcon.asgi

from homeostat.accounts.signing_in.oidc.settings import CALLBACK

from ..http.media import wants_html
from .oidc import ATTEMPT_PATH, PLAIN

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not signed in</title><h1>Not signed in</h1>'
    '<p>{why}</p><p><a href="/">Back to where one signs in</a></p></html>'
)


class SayNotSignedIn:
    """Puts the page in place of the error in JSON that a browser would show as it is."""

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if succeeded or req.path not in (ATTEMPT_PATH, CALLBACK) or not isinstance(resp.media, dict):
            return
        resp.append_header("Vary", "Accept")
        if wants_html(req):
            resp.text = _PAGE.format(why=html.escape(str(resp.media.get("error", ""))))
            resp.content_type = "text/html; charset=utf-8"
            resp.set_header("Content-Security-Policy", PLAIN)
            resp.set_header("Cache-Control", "no-store")
