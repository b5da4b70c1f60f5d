"""The OpenAPI 3.0.3 document, made from the routes' declarations and the pydantic models.

pydantic writes JSON Schema 2020-12, and OpenAPI 3.0 knows an older dialect: null is ``nullable``, ``const`` an enum of one,
tuples are arrays, exclusive bounds are flags, and a ``$ref`` stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, TypeAdapter

from homeostat import __version__
from homeostat.models.kinds import BY_PLURAL
from homeostat_contracts.volant.errors import ErrorBody
from homeostat_contracts.volant.routes import API_KEY

from .accounts.cookies import ACCESS
from .gate import OPEN_PATHS
from .http.contract import Contract
from .http.operations import AGE, ATTRIBUTE, Operation
from .http.rights import Door, Right, needed
from .http.routes import Route

VERSION = "3.0.3"
OWN_TITLE = "Volant API"
_REF = "#/components/schemas/{model}"
_METHODS = ("get", "put", "post", "delete", "patch")
_ERRORS = {
    400: "The request is not valid; the error says which field, and why.",
    401: "The request shows nothing that lets somebody in: neither the server's token nor one of an account.",
    403: "The Host or the Origin is none that may ask, or who asks has not the right to.",
    404: "There is no such resource.",
    408: "The request did not arrive in time: headers within 10 seconds, the body within 30.",
    409: "The resource is not in a state for this.",
    412: "The resource has not the ETag that If-Match names.",
    413: "The body is larger than 1 MiB, or an uploaded file than --max-upload.",
    414: "The request line is longer than 8190 bytes.",
    415: "The body is of a type that is not understood.",
    416: "The file has no such part.",
    422: "The file is no image that may be used here, or its checksum is another one. Nothing of it is kept.",
    423: "Another request writes to this upload.",
    426: "What is there is a WebSocket.",
    429: "The server does as many of these at once as it may; Retry-After says when to try again.",
    431: "There are too many headers, or one is too long.",
    500: "A defect; the details carry the id under which it was logged.",
    460: "The part does not have the checksum that was sent with it; it was thrown away.",
    507: "There is no space for it.",
    501: "This server does not do that: the message says what it lacks.",
    503: "The store or the operator does not answer, or there are too many connections.",
}
_EVERYWHERE = (400, 401, 403, 408, 414, 431, 500, 503)
_WITH_BODY = (413, 415)
_NAME = {"type": "string", "maxLength": 63, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}
_ENTRY = {"type": "string", "maxLength": 255, "pattern": r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"}

_ACCOUNT = {"type": "string", "maxLength": 63, "pattern": r"^[a-z0-9]([-._a-z0-9]*[a-z0-9])?$"}
_IDS = {
    "user": _ACCOUNT,
    "token": {"type": "string", "maxLength": 63, "pattern": r"^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$"},
    "session": {"type": "string", "pattern": "^[0-9a-f]{1,40}$"},
    "grant": {"type": "string", "pattern": "^[0-9a-f]{1,40}$"},
    "entry": _ENTRY,
    "kind": {"type": "string", "enum": sorted(BY_PLURAL)},
    "upload": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}


class _Document:
    """``error``: the model of errors."""

    def __init__(self, error: type[BaseModel]) -> None:
        self.components: dict[str, Any] = {}
        self._error = error
        self._schemas: dict[Any, dict[str, Any]] = {}

    def schema(self, described: Any) -> dict[str, Any]:
        """Returns the schema of a type, with its parts among the components; a given schema stays as it is."""
        if isinstance(described, Mapping):
            return dict(described)
        if described not in self._schemas:
            self._schemas[described] = self._schema(described)
        return deepcopy(self._schemas[described])

    def _schema(self, described: Any) -> dict[str, Any]:
        made: dict[str, Any] = TypeAdapter(described).json_schema(ref_template=_REF)
        for name, part in made.pop("$defs", {}).items():
            self.components[name] = downgrade(part)
        if "title" in made and made.get("type") == "object":
            name = made["title"]
            self.components[name] = downgrade(made)
            return {"$ref": _REF.format(model=name)}
        return dict(downgrade(made))

    def operation(self, route: Route, method: str, declared: Operation) -> dict[str, Any]:
        made: dict[str, Any] = {
            "operationId": f"{method}{re.sub(r'[^A-Za-z0-9]+', '_', route.path).rstrip('_')}",
            "summary": declared.summary,
            "tags": [declared.tag],
            "responses": self._responses(declared, AGE if method == "get" and route.path.startswith("/api/") else {}),
        }
        need = needed(route.resource, method)
        said = (declared.description, f"Needs the right to {need}." if isinstance(need, Right) else "")
        if described := " ".join(filter(None, said)):
            made["description"] = described
        if need is Door.OPEN:
            made["security"] = []
        parameters: list[dict[str, Any]] = [
            {"name": part, "in": "path", "required": True, "schema": _IDS.get(part, _NAME)}
            for part in re.findall(r"\{(\w+)\}", route.path)
        ]
        parameters += [
            {"name": p.name, "in": p.place, "required": False, "description": p.description, "schema": dict(p.schema)}
            for p in declared.parameters
        ]
        if parameters:
            made["parameters"] = parameters
        if declared.body is not None:
            content = {"schema": self.schema(declared.body)}
            form = {"multipart/form-data": {"schema": self.schema(declared.form)}} if declared.form is not None else {}
            made["requestBody"] = {"required": True, "content": {**dict.fromkeys(declared.body_types, content), **form}}
        return made

    def _responses(self, declared: Operation, everywhere: Mapping[str, str]) -> dict[str, Any]:
        """Returns the answers. ``everywhere``: headers of all answers that are no errors."""
        responses: dict[str, Any] = {}
        for status, answer in declared.answers.items():
            response: dict[str, Any] = {"description": answer.description}
            if answer.schema is not None:
                response["content"] = {answer.media_type: {"schema": self.schema(answer.schema)}}
            if headers := {**answer.headers, **everywhere}:
                response["headers"] = {
                    name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
                }
            responses[str(status)] = response
        body = self.schema(self._error)
        for status in sorted({*declared.errors, *_EVERYWHERE, *(_WITH_BODY if declared.body is not None else ())}):
            responses[str(status)] = {"description": _ERRORS[status], "content": {"application/json": {"schema": body}}}
        return responses


def build(routes: Iterable[Route], with_token: bool) -> dict[str, Any]:
    """Builds the document. ``with_token``: the server lets nobody in who shows nothing."""
    made = _described(routes, ErrorBody, OWN_TITLE, OPEN_PATHS if with_token else ())
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": API_KEY},
        "cookie": {"type": "apiKey", "in": "cookie", "name": ACCESS},
    }
    # Without a token this host's programs need nothing until there are accounts, which may be at any time.
    made["security"] = [*([] if with_token else [{}]), {"token": []}, {"key": []}, {"cookie": []}]
    return made


def describe(contract: Contract, with_token: bool) -> dict[str, Any]:
    """Builds the document of a contract that has a listener of its own. ``with_token``: nobody is let in who shows nothing."""
    made = _described(contract.routes, contract.error, contract.title, ())
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [*([] if with_token or contract.entrance.always else [{}]), {"token": []}]
    return made


def _described(routes: Iterable[Route], error: type[BaseModel], title: str, open_paths: Collection[str]) -> dict[str, Any]:
    document, paths = _Document(error), dict[str, Any]()
    for route in routes:
        operations = {}
        for method in _METHODS:
            declared = getattr(getattr(route.resource, f"on_{method}", None), ATTRIBUTE, None)
            if declared is not None:
                operations[method] = document.operation(route, method, declared)
                if route.path in open_paths:
                    operations[method]["security"] = []
        if operations or title == OWN_TITLE:
            paths[route.path] = operations
    return {
        "openapi": VERSION,
        "info": {
            "title": title,
            "version": "v1",
            "description": f"Virtual machines, kept as declared: Homeostat {__version__}. Writes are edits of the YAML "
            "that declares a machine; the operator carries them out.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(document.components.items()))},
    }


def downgrade(schema: Any) -> Any:
    """Turns a JSON Schema 2020-12, as pydantic writes it, into the dialect of OpenAPI 3.0."""
    if isinstance(schema, list):
        return [downgrade(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        # OpenAPI 3.0 ignores everything beside a $ref.
        ref = {"$ref": schema["$ref"]}
        beside = {k: v for k, v in schema.items() if k in ("description", "default")}
        return {"allOf": [ref], **beside} if beside else ref
    made = {k: downgrade(v) for k, v in schema.items() if k not in _DROPPED}
    if "properties" in schema:
        made["properties"] = {name: downgrade(part) for name, part in schema["properties"].items()}
    for key in ("default", "enum"):
        if key in schema:
            made[key] = schema[key]
    _downgrade_null(made)
    if "const" in schema:
        made["enum"] = [schema["const"]]
    if "prefixItems" in schema:
        made["items"] = {"anyOf": downgrade(schema["prefixItems"])}
    if examples := schema.get("examples"):
        made["example"] = examples[0]
    for bound, flag in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(bound), int | float):
            made[flag], made[bound] = made[bound], True
    return made


_DROPPED = frozenset({"const", "prefixItems", "examples", "$defs", "propertyNames", "title", "patternProperties"})


def _downgrade_null(made: dict[str, Any]) -> None:
    if "anyOf" not in made:
        return
    some = [part for part in made["anyOf"] if part != {"type": "null"}]
    if len(some) == len(made["anyOf"]):
        return
    made["nullable"] = True
    made.pop("default", None)
    if len(some) > 1:
        made["anyOf"] = some
        return
    del made["anyOf"]
    only = some[0]
    # nullable has no effect beside a $ref, so it goes around it.
    made.update({"allOf": [only]} if "$ref" in only else {k: v for k, v in only.items() if k not in made})
