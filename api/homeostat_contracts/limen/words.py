"""What is asked for, with the words for each mistake, and how things are shown."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import falcon.asgi
from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from homeostat.models.explain import in_plain_words
from homeostat_api.http.media import read_object
from homeostat_api.http.words import LooseWords, Timestamp

from .errors import bad

M = TypeVar("M", bound=LooseWords)
MIB = 2**20
OS_TYPES = ("ubuntu-desktop", "ubuntu-server", "kali", "windows")
OsType = Literal["ubuntu-desktop", "ubuntu-server", "kali", "windows"]
ACTIONS = ("start", "stop", "delete", "update")
CPUS = range(1, 33)
MEMORY = range(512, 65536 + 1, 256)  # MiB


def _name(given: Any) -> Any:
    if not isinstance(given, str) or not given:
        raise ValueError("VM name is required")
    if len(given) < 3:
        raise ValueError("VM name must be at least 3 characters")
    if len(given) > 64:
        raise ValueError("VM name must be at most 64 characters")
    if not re.fullmatch("[A-Za-z0-9_-]+", given):
        raise ValueError("VM name can only contain letters, numbers, hyphens and underscores")
    return given


def _cpu(given: Any) -> Any:
    if type(given) is not int or given not in CPUS:
        raise ValueError("CPU must be an integer between 1 and 32")
    return given


def _memory(given: Any) -> Any:
    if type(given) is not int or not MEMORY.start <= given < MEMORY.stop:
        raise ValueError("Memory must be an integer between 512 and 65536 MB")
    if given not in MEMORY:
        raise ValueError("Memory must be a multiple of 256 MB")
    return given


def _os_type(given: Any) -> Any:
    if given not in OS_TYPES:
        raise ValueError(f"Invalid OS type. Valid OS types: {', '.join(OS_TYPES)}")
    return given


def _action(given: Any) -> Any:
    if given not in ACTIONS:
        raise ValueError(f"Invalid action. Valid actions: {', '.join(ACTIONS)}")
    return given


VmCpu = Annotated[int, BeforeValidator(_cpu), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 32})]
VmMemory = Annotated[
    int,
    BeforeValidator(_memory),
    WithJsonSchema({"type": "integer", "minimum": 512, "maximum": 65536, "multipleOf": 256, "description": "MiB."}),
]


class VmToMake(LooseWords):
    """A machine to make. It is started."""

    name: Annotated[
        str,
        BeforeValidator(_name),
        WithJsonSchema({"type": "string", "minLength": 3, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}),
    ]
    cpu: VmCpu
    memory: VmMemory
    os_type: Annotated[OsType, BeforeValidator(_os_type)]


class ActionAsked(LooseWords):
    """What is to be done. cpu and memory are read with update only, which needs both."""

    action: Annotated[Literal["start", "stop", "delete", "update"], BeforeValidator(_action)]


class ActionBody(ActionAsked):
    cpu: VmCpu | None = None
    memory: VmMemory | None = None


class SizeAsked(LooseWords):
    cpu: VmCpu
    memory: VmMemory


class LoginAsked(LooseWords):
    username: str = Field(min_length=1)
    password: str = Field(min_length=1)


def _username(given: Any) -> Any:
    if not isinstance(given, str) or not 3 <= len(given) <= 20:
        raise ValueError("Username must be 3 to 20 characters")
    return given


def _password(given: Any) -> Any:
    if not isinstance(given, str) or len(given) < 8:
        raise ValueError("Password must be at least 8 characters")
    return given


class RegistrationAsked(LooseWords):
    username: Annotated[str, BeforeValidator(_username), WithJsonSchema({"type": "string", "minLength": 3, "maxLength": 20})]
    password: Annotated[str, BeforeValidator(_password), WithJsonSchema({"type": "string", "minLength": 8})]


class TokensShown(LooseWords):
    """TokensGiven that a page has: of its last sign-in."""

    access_token: str | None = None
    refresh_token: str | None = None


class Registered(LooseWords):
    id: int
    username: str
    message: str


class TokensGiven(LooseWords):
    access_token: str
    refresh_token: str
    expires_in: int = Field(description="Seconds.")
    token_type: Literal["Bearer"]


class SessionUser(LooseWords):
    id: int
    username: str
    role: Literal["admin", "moderator", "user"]


class SessionState(LooseWords):
    valid: bool
    access_token: str | None = None
    user: SessionUser | None = None


class VmShown(LooseWords):
    """A machine as it is shown."""

    id: int
    uuid: str
    name: str
    cpu: int
    memory: int = Field(description="MiB.")
    status: Literal["Running", "Stopped"]
    os_type: str
    owner_id: int = Field(description="0: nobody's who has an account.")
    created_at: Timestamp | None
    updated_at: Timestamp | None


class VmMade(VmShown):
    message: str | None = Field(default=None, description="Why it does not run yet, where it does not.")


class MessageShown(LooseWords):
    message: str


class HealthShown(LooseWords):
    status: Literal["ok"]
    time: Timestamp
    db: Literal["connected", "disconnected"]
    libvirt: Literal["connected", "disconnected"]


class QuotaLimits(LooseWords):
    """null: there is no limit."""

    max_vms: int | None
    max_cpu: int | None
    max_memory: int | None = Field(description="MiB.")


class QuotaUsage(LooseWords):
    vms: int
    cpu: int
    memory: int = Field(description="MiB.")


class QuotaShown(LooseWords):
    quota: QuotaLimits
    usage: QuotaUsage


class ConsoleAddress(LooseWords):
    ws_url: str = Field(description="It can be opened once.")
    protocol: Literal["vnc"]
    expires_at: Timestamp


class ErrorShown(LooseWords):
    code: int
    message: str
    error: str | None = Field(default=None, description="In development only.")


async def read(req: falcon.asgi.Request, model: type[M]) -> M:
    """Reads the request's body. What is null counts as left out, and nothing at all where the model needs nothing.

    Raises:
        Problem: 400, it is none.
    """
    needs_nothing = all(not field.is_required() for field in model.model_fields.values())
    body = {} if needs_nothing and not has_body(req) else await read_object(req)
    try:
        return model.model_validate({name: value for name, value in body.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "value_error":
            raise bad(str(first["ctx"]["error"])) from error
        raise bad(f"{field} is required" if first["type"] == "missing" else f"{field} {in_plain_words(first)}") from error


def has_body(req: falcon.asgi.Request) -> bool:
    """Tells whether a request brings one. Some clients name a type, and send nothing of it."""
    return bool(req.content_length) or (req.content_length is None and req.get_header("Transfer-Encoding") is not None)
