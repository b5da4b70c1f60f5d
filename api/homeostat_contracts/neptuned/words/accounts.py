"""Who signs in, and who is known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from homeostat_api.http.words import LooseWords

UserType = Literal["user", "moderator", "administrator"]
TypedText = Annotated[str, Field(min_length=1, max_length=1024)]


class LoginRequest(LooseWords):
    username: TypedText
    password_hash: Annotated[str, Field(max_length=1024, description="SHA-256 of USERNAME:PASSWORD, in lower-case hexadecimal.")]


class RegisterRequest(LooseWords):
    username: TypedText
    password: TypedText


class TokenAnswer(LooseWords):
    """LoginResponse and RegisterResponse. Where it fails there is an error instead."""

    token: str = Field(description="A JWT.")


class OwnPassword(LooseWords):
    password: TypedText
    old_password: TypedText | None = Field(default=None, description="Our extension: it has to be right where it is given.")


class GivenPassword(LooseWords):
    password: TypedText


class GivenType(LooseWords):
    type: UserType


class BanWith(LooseWords):
    reason: Annotated[str, Field(max_length=500)] | None = None


class UserEntry(LooseWords):
    """AdminUserEntry."""

    id: str = Field(description="A snowflake.")
    username: str = Field(description="Our extension.")
    user_type: UserType
    banned: bool
    ban_reason: str | None = None


class UserToMake(LooseWords):
    """An id that is sent is not read: the server gives one."""

    username: TypedText = Field(description="Our extension: without a name nobody can sign in.")
    password: TypedText
    user_type: UserType
    banned: bool = False
    ban_reason: Annotated[str, Field(max_length=500)] | None = None
