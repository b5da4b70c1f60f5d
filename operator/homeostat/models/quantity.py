"""Quantities as Kubernetes writes them: ``512Mi``, ``10Gi``, ``1.5G``. Always bytes on the inside.

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
PATTERN = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$"
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
# What people write from habit, and what they mean.
_HABITS = {
    "kb": "k",
    "mb": "M",
    "gb": "G",
    "tb": "T",
    "m": "Mi",
    "g": "Gi",
    "K": "Ki",
    "kib": "Ki",
    "mib": "Mi",
    "gib": "Gi",
}


def parse_quantity(value: object) -> int:
    """Bytes of a quantity; an int is taken as bytes.

    Raises:
        ValueError: not a quantity, a negative one, an unknown unit, too large, or a fraction of a byte.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"is not a quantity: write a number and a unit, such as 512Mi or 10Gi (got {value!r})")
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"is not a quantity: write a number and a unit, such as 512Mi or 10Gi (got {value!r})")
    number, unit = match.groups()
    factor = BINARY.get(unit) or DECIMAL.get(unit)
    if factor is None:
        meant = _HABITS.get(unit) or _HABITS.get(unit.lower())
        hint = f"; did you mean {number}{meant}?" if meant else ""
        raise ValueError(f"has an unknown unit {unit!r}{hint} (Ki Mi Gi Ti, or k M G T)")
    amount = Decimal(number) * factor
    if amount < 0:
        raise ValueError(f"must not be negative (got {value!r})")
    if amount > LARGEST:
        raise ValueError("is too large: the most is 8Ei")
    if amount != int(amount):
        raise ValueError(f"is a fraction of a byte (got {value!r})")
    return int(amount)


def format_quantity(amount: int) -> str:
    """The shortest exact binary form: 536870912 -> 512Mi."""
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
