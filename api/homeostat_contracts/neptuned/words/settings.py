"""What administrators set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainSerializer

from homeostat_api.http.words import LooseWords


def _plain(seconds: float) -> int | float:
    """Returns a number as clients of the contract know it: without a fraction where it has none."""
    return int(seconds) if seconds == int(seconds) else seconds


Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False), PlainSerializer(_plain)]
Messages = Annotated[int, Field(ge=0, le=1_000_000)]


class ChatSettings(LooseWords):
    """There is no chat here: they are kept, and answered."""

    messages_max_rate: Seconds = 1
    messages_max_count: Messages = 5


class ServerSettings(LooseWords):
    """ConfigServerSettings."""

    registrations_open: bool = False
    chat: ChatSettings = ChatSettings()


class ChatChange(LooseWords):
    messages_max_rate: Seconds | None = None
    messages_max_count: Messages | None = None


class SettingsChange(LooseWords):
    """What is left out stays."""

    registrations_open: bool | None = None
    chat: ChatChange | None = None
