"""Where the contents of a disk or a cdrom come from: a file by its address or path, or an Image by its name."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from .base import Model, Name
from .bounds import XML_PATTERN, XML_SCHEMA
from .image_url import URL_PATTERN, check_image_url


class ImageFormat(StrEnum):
    RAW = "raw"
    QCOW2 = "qcow2"
    VMDK = "vmdk"
    ISO = "iso"


class FileSource(Model):
    """Where a file comes from, and what it must hash to."""

    url: str | None = Field(
        default=None,
        description="http://, https:// or file:// address of the image, percent-encoded where a URL has to be.",
        json_schema_extra={"pattern": URL_PATTERN},
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        pattern=XML_PATTERN,
        json_schema_extra=XML_SCHEMA,
        description="A local file, absolute or relative to the YAML file's folder.",
    )
    sha256: str | None = Field(
        default=None,
        description="What the file must hash to; another hash is never booted.",
        json_schema_extra={"pattern": r"^([Ss][Hh][Aa]256:)?[0-9A-Fa-f]{64}$"},
    )

    @field_validator("url")
    @classmethod
    def _scheme(cls, url: str | None) -> str | None:
        return None if url is None else check_image_url(url)

    @field_validator("sha256")
    @classmethod
    def _hash(cls, value: str | None) -> str | None:
        if value is None:
            return None
        digest = value.lower().removeprefix("sha256:")
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ValueError("must be a SHA-256 in hexadecimal: 64 digits 0-9a-f")
        return digest


class NamedImage(Model):
    """An Image of the same namespace."""

    name: Name = Field(description="Its name.")


class ImageSource(FileSource):
    """A file that is fetched once into the host's read-only cache and shared by all machines that name it."""

    format: ImageFormat | None = Field(default=None, description="Detected where not given. raw: the file as it is.")
    image_ref: NamedImage | None = Field(
        default=None, description="An Image instead of url or path; sha256 and format stand there."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.url, self.path, self.image_ref)) != 1:
            raise ValueError("give exactly one of url, path and imageRef")
        if self.image_ref is not None and (self.sha256 or self.format):
            raise ValueError("sha256 and format of an imageRef stand in the Image: remove them here")
        return self

    @property
    def is_open(self) -> bool:
        """Tells whether it only names an Image, and not yet the file that this stands for."""
        return self.url is None and self.path is None
