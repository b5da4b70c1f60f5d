"""The page to sign in with: what a browser gets in place of a page, while nobody knows who asks."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import falcon.asgi

from homeostat.accounts.errors import AccountsError

from ..accounts.lookup import AccountsLookup
from ..http.answers.web_files import HTML, NOT_BUILT, OWN_STYLES, POLICY, WEB
from ..http.media import wants_html

_PAGES = re.compile(r"/|/console/[^/]+(/serial)?")
WAYS = b"{ways}"
"""Stands in the page where its script finds which of its parts to show."""


class OfferSignIn:
    """Puts the page in place of the error (401) that a browser would show as it is."""

    def __init__(self, accounts: AccountsLookup, provider: bool) -> None:
        """Takes ``provider``: whether an OpenID Connect provider signs people in, too."""
        self._accounts = accounts
        self._provider = provider

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if resp.status_code != 401 or req.method != "GET" or _PAGES.fullmatch(req.path) is None:
            return
        resp.append_header("Vary", "Accept")
        if not wants_html(req):
            return
        try:
            ways = await self._ways()
        except AccountsError:
            return  # the error, which was answered a moment ago, says as much as a page could
        resp.data = await asyncio.to_thread(_page, ways)
        resp.content_type = HTML
        resp.set_header("Content-Security-Policy", POLICY.format(styles=OWN_STYLES))
        resp.set_header("Cache-Control", "no-store")

    async def _ways(self) -> str:
        """Returns the parts of the page that help: there may be nobody who could sign in."""
        if not await self._accounts.there_are_some():
            return "none"
        return "password provider" if self._provider else "password"


def _page(ways: str) -> bytes:
    try:
        return (WEB / "console" / "signin.html").read_bytes().replace(WAYS, ways.encode())
    except FileNotFoundError:
        return NOT_BUILT
