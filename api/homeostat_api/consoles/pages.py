"""/console/{name} and /web/…: the page of a console, and what it needs. `make web` puts it into the package; without that a plain
page says so."""

from __future__ import annotations

import falcon.asgi

from ..gate import OPEN_FILES
from ..http.answers.web_files import OWN_STYLES, POLICY, WEB, OpenFile, WebFile, answer_page
from ..http.rights import Right, needs
from ..http.routes import Route


class ConsolePage:
    """The page of one kind of console."""

    def __init__(self, file: str, styles: str = OWN_STYLES) -> None:
        self._page = WEB / "console" / file
        # Our own page shows it within itself; pages of others cannot.
        self._policy = POLICY.format(styles=styles).replace("frame-ancestors 'none'", "frame-ancestors 'self'")

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, machine: str) -> None:
        resp.context.framed = True
        await answer_page(resp, self._page, self._policy)


def page_routes() -> list[Route]:
    """Returns the routes of pages."""
    return [
        Route("/console/{machine}", ConsolePage("index.html")),
        # xterm.js makes its styles while it runs; scripts are ours alone here, too.
        Route("/console/{machine}/serial", ConsolePage("serial.html", "'self' 'unsafe-inline'")),
        *(Route(path, OpenFile(path.removeprefix("/web/"))) for path in sorted(OPEN_FILES)),
        Route("/web/{file:path}", WebFile()),
    ]
