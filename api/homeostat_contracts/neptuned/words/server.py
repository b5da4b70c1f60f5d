"""What the server says of itself."""

from __future__ import annotations

from typing import Literal

from homeostat_api.http.words import LooseWords


class ErrorSaid(LooseWords):
    error: str


class Done(LooseWords):
    """It is done; there is nothing more to say."""


class Wellness(LooseWords):
    status: Literal["ok"]
