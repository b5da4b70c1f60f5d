"""ETags of single resources: their resourceVersion."""

from __future__ import annotations

import re

import falcon.asgi

from homeostat.models.base import Resource
from homeostat.service.refusals import Stale

from ..errors import invalid

_ETAG = re.compile(r'(W/)?"([^"]*)"')


def set_etag(resp: falcon.asgi.Response, resource: Resource) -> None:
    resp.set_header("ETag", f'"{resource.metadata.resource_version}"')
    resp.set_header("Cache-Control", "no-cache")


def expected_version(req: falcon.asgi.Request, current: Resource) -> str | None:
    """Returns the version that If-Match asks for; None where the request does not say. The store decides whether it is still
    valid: statuses that were written since do not matter.

    Raises:
        Stale: none of the ETags can be one of ours.
        Problem: 400, If-Match is not a list of ETags.
    """
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = _ETAG.findall(header)
    if not tags:
        raise invalid('If-Match: must be an ETag in quotes, such as "42"', given=header[:64])
    versions = [tag for weak, tag in tags if not weak]
    if not versions:
        raise Stale(current.metadata.resource_version)
    return current.metadata.resource_version if current.metadata.resource_version in versions else versions[-1]
