"""The base of the models of requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Timestamp = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2026-01-15T10:00:00Z"])]


class Words(BaseModel):
    """Unknown fields are refused, and nothing is coerced: "2" is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LooseWords(BaseModel):
    """As ``Words``, but unknown fields are left out: the clients of some contracts send more than their documents name."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
