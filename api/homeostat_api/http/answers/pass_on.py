"""A request that another API server answers: it is asked with the words and the credentials of whoever asks us, and its bytes are
passed on as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import falcon
import falcon.asgi
import httpx

from homeostat.service.files.host_reach import OnAnotherApi

from ..actor import shown_by
from ..errors import Problem
from .download import gone_of, only_head

PASSED_ON = "Homeostat-Passed-On"  # a request that carries it is not passed on again
ASKED = ("Authorization", "X-Volant-API-Key", "Range", "If-Range", "If-None-Match")
ANSWERED = (
    *("Content-Type", "Content-Length", "Content-Range", "Content-Disposition", "Accept-Ranges", "Cache-Control", "ETag"),
    *("Last-Modified", "Retry-After"),
)
PATIENCE = 10.0  # seconds for a connection, and for what is sent
SOON = 60.0  # seconds for an answer, where nothing large is made first
LOOK = 0.5  # seconds between looks whether the client is still there


class Passing:
    """The body of an answer: what the other server sends."""

    def __init__(self, answer: httpx.Response, client: httpx.AsyncClient, gone: Callable[[], bool]) -> None:
        self._answer, self._client, self._gone = answer, client, gone
        self._parts = answer.aiter_raw()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._gone():
            raise StopAsyncIteration
        return await anext(self._parts)

    async def close(self) -> None:
        await self._answer.aclose()
        await self._client.aclose()


@dataclass(frozen=True, slots=True)
class PassingCodes:
    """The codes of what keeps a request from being passed on."""

    elsewhere: str  # the other server says that it is not beside the host either
    failed: str  # it does not answer


async def pass_on(
    req: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    there: OnAnotherApi,
    codes: PassingCodes,
    body: Any = None,
    answers_within: float | None = SOON,
) -> None:
    """Answers as the API server does that is beside the host. ``body``: what the request said, as JSON has it; None: nothing.
    ``answers_within``: in seconds; None: it may take as long as a disk is large.

    Raises:
        Problem: it does not answer, or passed the request on to us.
    """
    host, address = there.host, there.address
    if req.get_header(PASSED_ON):
        said = (
            f"it is on host {host}, and this API server is not beside it, as the operator there says: correct its --api-address"
        )
        raise Problem(409, codes.elsewhere, said, {"host": host, "api": address})
    async with AsyncExitStack() as held:
        try:
            timeout = httpx.Timeout(PATIENCE, read=answers_within)
            client = httpx.AsyncClient(base_url=address, timeout=timeout, follow_redirects=False)
            held.push_async_callback(client.aclose)
            answer = await _asked(req, client, body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            said = f"it is on host {host}, whose API at {address} does not answer ({why}): look whether it runs"
            raise Problem(503, codes.failed, said, {"host": host, "api": address}, headers={"Retry-After": "30"}) from error
        if answer is None:
            return
        held.pop_all()  # the body goes on with it
    resp.status = answer.status_code
    for name in ANSWERED:
        if (value := answer.headers.get(name)) is not None:
            resp.set_header(name, value)
    resp.stream = Passing(answer, client, gone_of(req))


async def _asked(req: falcon.asgi.Request, client: httpx.AsyncClient, body: Any) -> httpx.Response | None:
    """Asks, and returns the head of the answer. None: whoever asks us has gone meanwhile."""
    headers = {name: value for name in ASKED if (value := req.get_header(name)) is not None}
    if (shown := shown_by(req)) is not None:
        headers["Authorization"] = f"Bearer {shown}"  # it may have come as a cookie, which is for this server
    query = f"?{req.query_string}" if req.query_string else ""
    request = client.build_request(
        "HEAD" if only_head(req) else req.method,
        f"{quote(req.path)}{query}",
        headers={**headers, "Accept-Encoding": "identity", PASSED_ON: "1"},
        json=body,
    )
    asking, gone = asyncio.create_task(client.send(request, stream=True)), gone_of(req)
    try:
        while not (await asyncio.wait({asking}, timeout=LOOK))[0]:
            if gone():
                return None
        return asking.result()
    finally:
        asking.cancel()
