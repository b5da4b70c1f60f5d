"""Bodies: strict JSON in, compact JSON out, and never more than the limit in memory."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

import falcon
import falcon.asgi
from falcon.media import BaseHandler
from pydantic import BaseModel, ValidationError

from .admitted import check_admitted, while_admitted
from .errors import App, Problem, invalid, invalid_model
from .rights import responder_name

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
_ANY_LENGTH = "__any_length__"
BODY_LIMIT = 2**20  # bytes of a request's body; a machine's document is a few KB
DIGITS = sys.int_info.default_max_str_digits  # of a number; of more, Python says how to change what it reads
DEPTH = 200  # levels of a body; a machine's document has a dozen
LARGE = 16 * 2**10  # bytes of a body; a machine's document is a few KB
DISCARD_LIMIT = 8 * 2**20
DISCARD_SECONDS = 2.0
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def takes_any_length(responder: F) -> F:
    """Marks a responder that takes a body in part by part, and bounds it itself. It ends when whoever sends may no more."""

    @wraps(responder)
    async def admitted(resource: Any, req: falcon.asgi.Request, resp: falcon.asgi.Response, **named: Any) -> None:
        async with while_admitted(req):
            await responder(resource, req, resp, **named)

    setattr(admitted, _ANY_LENGTH, True)
    return cast(F, admitted)


def bounded(resource: object, method: str) -> bool:
    """Tells whether the bodies for a resource's responder have the limit of all."""
    return not getattr(getattr(resource, responder_name(method), None), _ANY_LENGTH, False)


def too_large() -> Problem:
    return Problem(413, "body_too_large", f"The body is larger than {BODY_LIMIT} bytes", {"limit": BODY_LIMIT})


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, and {DIGITS} are the most")
    return int(digits)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = Counter(name for name, _ in pairs)
        raise ValueError(f"the field {names.most_common(1)[0][0][:64]!r} is given twice")
    return found


def dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class StrictJson(BaseHandler):
    """JSON without NaN, repeated fields or depth that no document has."""

    def serialize(self, media: object, content_type: str) -> bytes:
        return dumps(media)

    async def deserialize_async(self, stream: Any, content_type: str | None, content_length: int | None) -> object:
        if content_length is not None and content_length > BODY_LIMIT:
            raise too_large()
        body = await stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise too_large()
        if not body:
            raise invalid("The body is empty; a JSON object is needed")
        try:
            return await aside(len(body) > LARGE, _parse, body)
        except RecursionError as error:
            raise Problem(400, "malformed_json", "The body is nested too deeply") from error
        except ValueError as error:  # also UnicodeDecodeError
            raise Problem(400, "malformed_json", f"The body is not valid JSON: {error}") from error


def _parse(body: bytes) -> object:
    text = body.decode("utf-8")
    value = json.loads(text, parse_int=_whole, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeats)
    if _deeper(value, DEPTH):  # what Python reads differs from version to version, and is more than what we can go through
        raise RecursionError
    return value


def _deeper(value: object, most: int) -> bool:
    """Tells whether a value has more levels."""
    level = [value]
    for _ in range(most + 1):
        groups = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [inner for group in groups for inner in group]
        if not level:
            return False
    return True


async def aside(large: bool, work: Callable[..., R], *arguments: Any) -> R:
    """Works on a large body in a thread, so that the event loop can answer others."""
    return await asyncio.to_thread(work, *arguments) if large else work(*arguments)


async def discard(req: falcon.asgi.Request) -> None:
    """Reads the rest of a body, within bounds. Closing with unread bytes would reset the connection, and the client might never
    see the answer that says why."""
    left = DISCARD_LIMIT
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while left > 0 and (chunk := await req.stream.read(2**16)):
                left -= len(chunk)
    except TimeoutError:
        return


class RefusePacked:
    """Refuses a body that is packed: as JSON it could not be read, and as a file it would be kept packed."""

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        coding = (req.get_header("Content-Encoding") or "identity").strip().lower()
        if coding != "identity" and req.method in ("POST", "PUT", "PATCH"):
            raise Problem(415, "unsupported_media_type", f"Content-Encoding: {coding[:64]} is not taken: send the body as it is")


def install(app: App) -> None:
    handler = StrictJson()
    app.add_middleware(RefusePacked())
    app.req_options.media_handlers.clear()
    app.req_options.media_handlers.update({falcon.MEDIA_JSON: handler, MERGE_PATCH: handler, JSON_PATCH: handler})
    app.resp_options.media_handlers.update({falcon.MEDIA_JSON: handler})


def media_type(req: falcon.asgi.Request) -> str:
    """Returns the media type of a request's body in lower case, without its parameters. Empty: nothing says it."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def wants_html(req: falcon.asgi.Request) -> bool:
    """Tells whether somebody names HTML, as browsers do: programs that take anything get JSON."""
    kinds = (kind.partition(";")[0].strip().lower() for kind in (req.get_header("Accept") or "").split(","))
    return "text/html" in kinds


async def _read_media(req: falcon.asgi.Request) -> Any:
    req.content_type = media_type(req)  # Falcon compares it letter by letter; JSON has no parameter that counts
    media = await req.get_media()
    await check_admitted(req)
    return media


async def read_object(req: falcon.asgi.Request) -> dict[str, Any]:
    """Reads the request's body.

    Raises:
        Problem: 400, not a JSON object; 413, too large.
    """
    media = await _read_media(req)
    if not isinstance(media, Mapping):
        raise invalid("The body must be a JSON object")
    return dict(media)


async def read_list(req: falcon.asgi.Request) -> list[Any]:
    """Reads the request's body.

    Raises:
        Problem: 400, not a JSON array; 413, too large.
    """
    media = await _read_media(req)
    if not isinstance(media, list):
        raise invalid("The body must be a JSON array of operations")
    return media


async def read_model(req: falcon.asgi.Request, model: type[M]) -> M:
    """Reads the request's body as ``model``.

    Raises:
        Problem: 400, not JSON or not such a model; 413, too large.
    """
    body = await read_object(req)
    try:
        return await aside((req.content_length or BODY_LIMIT) > LARGE, model.model_validate, body)
    except ValidationError as error:
        raise invalid_model(error, model) from error
