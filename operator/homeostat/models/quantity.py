"""Quantities as Kubernetes writes them: ``512Mi``, ``10Gi``, ``1.5G``. In the code they are always bytes.

Rules: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
LARGEST = 2**63 - 1  # as in Kubernetes
PATTERN = r"^[0-9]{1,19}(\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$"
TEXT_MAX = 64
"""Characters; a longer text is not read."""
_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")
# What people write from habit, and what they mean: alone or with an i, in any case.
_HABITS = {"": "", "b": "", "byte": "", "bytes": ""}
for _letter, _unit in zip("kmgtpe", BINARY, strict=True):
    _HABITS |= {_letter: _unit, f"{_letter}i": _unit, f"{_letter}ib": _unit, f"{_letter}b": _unit[0].replace("K", "k")}
_EXAMPLE = "write a number and a unit, such as 512Mi or 10Gi"


def parse_quantity(value: object) -> int:
    """Returns the bytes of a quantity. An int is taken as bytes. What an API server would refuse (``64 Mi``) is refused here too.

    Raises:
        ValueError: not a quantity, a negative one, an unknown unit, too large, or a fraction of a byte.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"is not a quantity: {_EXAMPLE} (got {value!r})")
    if isinstance(value, int):
        return _amount(Decimal(value) if abs(value) <= LARGEST else Decimal(LARGEST + 1) * (-1 if value < 0 else 1))
    if len(value) > TEXT_MAX:
        raise ValueError(f"is too large: the most is 8Ei (its text has {len(value)} characters)")
    match = _WRITTEN.fullmatch(value)
    if match is None or not value.isascii():
        raise ValueError(_no_quantity(value))
    number, unit = match.groups()
    factor = BINARY.get(unit) or DECIMAL.get(unit)
    if factor is None:
        meant = _HABITS.get(unit.lower())
        hint = "" if meant is None else f"; did you mean {number}{meant}?"
        raise ValueError(f"has an unknown unit {unit!r}{hint} (Ki Mi Gi Ti, or k M G T)")
    amount = _amount(Decimal(number) * factor)
    if re.fullmatch(PATTERN, value) is None:
        raise ValueError(f"has too many digits: {_EXAMPLE}")
    return amount


def _amount(amount: Decimal) -> int:
    if amount < 0:
        raise ValueError("must not be negative")
    if amount > LARGEST:
        raise ValueError("is too large: the most is 8Ei")
    if amount != int(amount):
        raise ValueError(f"is a fraction of a byte ({_EXAMPLE})")
    return int(amount)


def _no_quantity(text: str) -> str:
    """Says why a text is no quantity, and what was probably meant: `` 64 Mi``, ``+64Mi``, ``1,024Mi``."""
    if re.match(r"\s*-\s*[0-9]", text):
        return f"must not be negative (got {text!r})"
    match = _WRITTEN.fullmatch(re.sub(r"[\s,_]", "", text).lstrip("+")) if text.isascii() else None
    meant = None if match is None else _HABITS.get(match[2].lower())
    if match is None or meant is None:
        return f"is not a quantity: {_EXAMPLE} (got {text!r})"
    unit = match[2] if match[2] in BINARY or match[2] in DECIMAL else meant
    return f"is not a quantity (got {text!r}); did you mean {match[1]}{unit}?"


def format_quantity(amount: int) -> str:
    """Returns the shortest exact binary form: 536870912 -> 512Mi."""
    for unit, factor in reversed(BINARY.items()):
        if amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    return str(amount)


Quantity = Annotated[
    int,
    BeforeValidator(parse_quantity),
    Field(ge=0),
    PlainSerializer(format_quantity, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": PATTERN}]}),
]
"""Bytes."""
