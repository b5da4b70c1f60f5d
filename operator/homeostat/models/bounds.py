"""The most that a value may be, so that everything it passes through can hold it: YAML, JSON, XML, SQLite, an API server.

It is checked before anything is computed from the value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic import AfterValidator, JsonValue

DEPTH_MAX = 32
"""Levels of a value whose form is free. The reader of a folder takes 64 levels of a whole document."""
WORKLOAD_MAX = 1_000
"""Values in the meta-data of a guest."""
OPENAPI_MAX = 50_000
"""Values in the OpenAPI document of a plugin."""
SEED_MAX = 32_768
"""Characters of a seed's meta-data, and of its network configuration. User-data may have 1,000,000."""
DEVICES_MAX = 512
"""Disks, or network cards, of one machine. That is more than its PCI buses have slots for."""
NAMED_MAX = 1_000
"""Labels, and forwarded ports."""
WORDS_MAX = 256
"""Arguments of a program, variables of its environment, features of a CPU, disks of a plugin."""
INTEGER_MAX = 2**63 - 1  # what JSON's readers in Go keep exactly
COUNT_MAX = 2**31 - 1
"""The largest count or number of seconds: Kubernetes' int32."""

# XML 1.0 has no way to write these: https://www.w3.org/TR/xml/#charsets
XML_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f" + "\ufffe\uffff]*$"
"""Matches a text that may go into the XML of a domain."""
XML_SCHEMA: dict[str, JsonValue] = {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"}
"""The same rule for a JSON schema. YAML readers in Go do not take U+FFFE itself, and not all of them know one escape for it."""
_HALF = re.compile("[\ud800-\udfff]")


def check_free(value: Any, most: int) -> Any:
    """Checks a value of any form that JSON has.

    Raises:
        ValueError: names the part that cannot be stored, or says how much is too much.
    """
    values = 0
    for path, part, depth, named in _parts(value):
        values += not named
        if values > most + 1:  # the value itself does not count
            raise ValueError(f"holds more than {most:,} values")
        if wrong := _wrong(part, depth):
            path = path.encode(errors="backslashreplace").decode()
            raise ValueError(f"{path[:200]}: {wrong}" if path else wrong)
    return value


def _parts(value: Any) -> Iterator[tuple[str, Any, int, bool]]:
    """Yields every part with its path, its depth, and whether it is a key. Leaves out what lies below a part that is too deep."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        path, part, depth = waiting.pop()
        yield path, part, depth, False
        if depth > DEPTH_MAX:
            continue
        if isinstance(part, dict):
            for name, inner in part.items():
                yield f"{path}.{name}"[:200].lstrip("."), name if isinstance(name, str) else _NO_KEY, depth, True
                waiting.append((f"{path}.{name}"[:200].lstrip("."), inner, depth + 1))
        elif isinstance(part, list | tuple):
            waiting += [(f"{path}[{position}]", inner, depth + 1) for position, inner in enumerate(part)]


_NO_KEY = object()


def _wrong(part: Any, depth: int) -> str:
    if depth > DEPTH_MAX:
        return f"is nested more than {DEPTH_MAX} deep"
    match part:
        case None | bool() | dict() | list() | tuple():
            return ""
        case int():
            return "" if abs(part) <= INTEGER_MAX else f"is too large a number: the most is {INTEGER_MAX}"
        case float():
            return "" if math.isfinite(part) else "must be a finite number"
        case str():
            return "holds half a character (a surrogate)" if _HALF.search(part) else ""
    return "is no value that JSON has" if part is not _NO_KEY else "a key must be text"


def free(most: int) -> AfterValidator:
    """Returns a validator: a value of any form has at most ``most`` values, and each of them can be stored."""
    return AfterValidator(lambda value: check_free(value, most))
