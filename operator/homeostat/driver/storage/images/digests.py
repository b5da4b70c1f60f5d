"""What a server says the hash of its file is. So damage on the way is noticed also where the spec has no checksum."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..paths import file_errors

# As servers spell them: RFC 3230 and RFC 9530; the strongest first.
_ALGORITHMS = {"sha-512": "sha512", "sha-256": "sha256", "sha": "sha1", "md5": "md5"}


@dataclass(frozen=True, slots=True)
class Digest:
    """A hash. ``name`` is hashlib's."""

    name: str
    value: bytes

    def fits(self, path: Path) -> bool:
        """Reads the whole file and compares. Raises DriverError."""
        with file_errors(path, f"read {path}"), open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.new(self.name, usedforsecurity=False)).digest() == self.value


@dataclass(frozen=True, slots=True)
class Arrived:
    """How a file arrived, once it is complete as far as its source said."""

    resumed: bool  # it went on from an earlier attempt
    measured: bool  # the source said how long it is
    digest: Digest | None  # that the source named


def claimed(headers: Mapping[str, str], *, whole: bool) -> Digest | None:
    """Returns the strongest hash that the answer names for the whole file. ``whole``: the answer carries all of it; else what it
    says of its content is about a part."""
    said = [*_listed(headers.get("repr-digest", "")), *_listed(headers.get("digest", ""))]
    if whole:
        said += [*_listed(headers.get("content-digest", "")), ("md5", headers.get("content-md5", ""))]
    for spelled, name in _ALGORITHMS.items():
        for algorithm, value in said:
            if algorithm == spelled and (digest := _decoded(value, name)) is not None:
                return Digest(name, digest)
    return None


def _listed(header: str) -> Iterator[tuple[str, str]]:
    """Yields the names and values of ``sha-256=:base64:`` or ``SHA-256=base64``, with commas between them."""
    for algorithm, value in re.findall(r"([A-Za-z0-9-]+)=:?([A-Za-z0-9+/]+={0,2}):?", header[:4096]):
        yield algorithm.lower(), value


def _decoded(value: str, name: str) -> bytes | None:
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == hashlib.new(name, usedforsecurity=False).digest_size else None
