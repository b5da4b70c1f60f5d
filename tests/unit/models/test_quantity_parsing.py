"""Quantities are read as Kubernetes reads them; what is not one is refused with the likely meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.quantity import format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("512Mi", 512 * 2**20),
        ("10Gi", 10 * 2**30),
        ("1.5Gi", 3 * 2**29),
        ("1G", 10**9),
        ("1k", 1000),
        ("0", 0),
        ("1024", 1024),
        (1024, 1024),
    ],
)
def test_a_quantity_is_bytes(text: object, amount: int) -> None:
    assert parse_quantity(text) == amount


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("512MB", "has an unknown unit 'MB'; did you mean 512M?"),
        ("2gb", "did you mean 2G?"),
        ("512m", "did you mean 512Mi?"),
        ("1GiB", "did you mean 1Gi?"),
        (" 1 Gi ", "did you mean 1Gi?"),
        ("64 Mi", "did you mean 64Mi?"),
        ("+64Mi", "did you mean 64Mi?"),
        ("64mi", "did you mean 64Mi?"),
        ("1,024 mb", "did you mean 1024M?"),
        ("64\u00a0Mi", "is not a quantity"),
        ("1.0000000000Gi", "has too many digits"),
        ("4x", "has an unknown unit 'x' (Ki Mi Gi Ti, or k M G T)"),
        ("-1Gi", "must not be negative (got '-1Gi')"),
        (-5, "must not be negative"),
        ("0.3", "is a fraction of a byte"),
        ("much", "write a number and a unit, such as 512Mi or 10Gi (got 'much')"),
        ("", "is not a quantity"),
        (True, "is not a quantity"),
        (1.5, "is not a quantity"),
        (None, "is not a quantity"),
        (["1Gi"], "is not a quantity"),
        ("1e3", "is not a quantity"),
        ("٣Gi", "is not a quantity"),
        ("9" * 60, "is too large: the most is 8Ei"),
        ("9" * 1_000_000, "is too large: the most is 8Ei"),
        ("0." + "0" * 1_000_000 + "1", "is too large"),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_to_write(text: object, words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        parse_quantity(text)
    assert words in str(caught.value)


@given(st.integers(0, 2**63 - 1))
def test_what_is_formatted_reads_back_the_same(amount: int) -> None:
    assert parse_quantity(format_quantity(amount)) == amount


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    try:
        assert parse_quantity(text) >= 0
    except ValueError as error:
        assert len(str(error)) < 200
