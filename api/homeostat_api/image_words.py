"""The words of the routes of images and uploads."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from homeostat.models.image import Image

from .http.kinds.whole import Named
from .http.words import Timestamp, Words


class NewImage(Words):
    name: Named
    source: dict[str, Any] = Field(description="url and sha256, or path; or upload: {}, for a file that is uploaded later.")
    format: Literal["raw", "qcow2", "vmdk", "iso"] | None = Field(default=None, description="raw: the file as it is.")


class ImageList(Words):
    images: list[Image]


class UploadBrief(Words):
    id: str
    name: str = Field(description="Of the image that it will be.")
    offset: int = Field(description="Bytes that have arrived.")
    length: int | None = Field(description="Bytes of all of it; null: not known yet.")
    expires: Timestamp = Field(description="Then it is removed, unless more arrives.")
    changeable: bool = Field(description="Whether who asks may go on with it, and end it.")


class UploadList(Words):
    uploads: list[UploadBrief]
