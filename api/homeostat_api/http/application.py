"""An ASGI application, whatever contract it serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import falcon.asgi

from . import errors, media
from .errors import Answers, App
from .routes import Route


def application(routes: Iterable[Route], answers: Answers, middleware: Iterable[Any]) -> App:
    """Puts routes, errors and middleware together."""
    app: App = falcon.asgi.App()
    for part in middleware:
        app.add_middleware(part)
    app.req_options.strip_url_path_trailing_slash = True
    errors.install(app, answers)
    media.install(app)
    for route in routes:
        app.add_route(route.path, route.resource)
    return app
