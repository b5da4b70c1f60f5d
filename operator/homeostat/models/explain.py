"""Explains in words what a model refuses, and what was probably meant."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .bounds import XML_PATTERN
from .field_path import FieldPath
from .suggest import NamesNothing, nearest, suggest_field

PROBLEMS_MAX = 30
PATCH = "is an instruction of a patch: build it first (kustomize build …), and put what comes out here"


def explain(model: type[BaseModel], error: ValidationError) -> list[tuple[FieldPath, str]]:
    """Explains the first problems only, each with the path that it is about. The search for what was meant takes time, and a
    document may have ten thousand mistakes."""
    told = [_explain(model, detail) for detail in error.errors(include_url=False)[:PROBLEMS_MAX]]
    if (more := error.error_count() - len(told)) > 0:
        told.append(((), f"{more} more problems are not listed"))
    return told


def _explain(model: type[BaseModel], detail: ErrorDetails) -> tuple[FieldPath, str]:
    """Returns one of pydantic's errors in our words, with the path that it is about."""
    path: FieldPath = tuple(detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    shown = _show(detail.get("input"))
    expected = context.get("expected", "")
    messages: dict[str, str] = {
        "missing": "is missing",
        "enum": f"is {shown}; choose one of {expected.replace(chr(39), '')}",
        "literal_error": f"is {shown}; choose one of {expected.replace(chr(39), '')}",
        "string_type": not_text(shown) if shown != "null" else 'has no value: write one, "" for an empty one, or remove it',
        "int_type": f"must be a whole number (got {shown})",
        "int_parsing": f"must be a whole number (got {shown})",
        "int_from_float": f"must be a whole number (got {shown})",
        "bool_type": f"must be true or false (got {shown})",
        "bool_parsing": f"must be true or false (got {shown})",
        "tuple_type": f"must be a list, each item starting with '- ' (got {shown})",
        "list_type": f"must be a list, each item starting with '- ' (got {shown})",
        "dict_type": f"must be a mapping of names to values (got {shown})",
        "model_type": f"must be a mapping of fields (got {shown})",
        "model_attributes_type": f"must be a mapping of fields (got {shown})",
        "greater_than_equal": f"must be at least {context.get('ge')} (got {shown})",
        "less_than_equal": f"must be at most {context.get('le')} (got {shown})",
        "string_pattern_mismatch": f"is {shown}; it must match {context.get('pattern')}",
        "too_long": f"has {context.get('actual_length')} entries: at most {context.get('max_length')}",
        "string_too_long": f"is too long: at most {context.get('max_length')} characters",
    }
    if kind == "string_pattern_mismatch" and context.get("pattern") == XML_PATTERN:
        message = f"holds a control character, which libvirt's XML cannot carry (got {shown}): remove it"
    elif kind == "extra_forbidden" and str(path[-1]).startswith("$"):
        message = PATCH
    elif kind == "extra_forbidden":
        message = "unknown field" + suggest_field(model, path)
    elif kind == "value_error":
        error = context.get("error", detail["msg"])
        path, message = ((*path, *error.path), error.words) if isinstance(error, NamesNothing) else (path, str(error))
    else:
        message = messages.get(kind) or detail["msg"][:1].lower() + detail["msg"][1:]
    if kind in ("enum", "literal_error") and isinstance(detail.get("input"), str):
        message += nearest(str(detail["input"]), _choices(expected))
    return path, message


_PLAIN = {
    "missing": "is missing",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "string_type": "must be text",
    "path_type": "must be a path, as text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must hold names and their values",
    "model_type": "must hold fields",
    "model_attributes_type": "must hold fields",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_long": "has {actual_length} entries: at most {max_length}",
    "too_short": "has {actual_length} entries: at least {min_length}",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_too_short": "is too short: at least {min_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "union_tag_not_found": "needs the field {discriminator}",
    "union_tag_invalid": "its {discriminator} must be one of {expected_tags}",
}
_QUOTED = ("expected", "discriminator", "expected_tags")  # by pydantic


def in_plain_words(detail: ErrorDetails) -> str:
    """Says one of pydantic's errors in our words. They fit what is no YAML, and hold no value, which may be a secret."""
    context = detail.get("ctx", {})
    if detail["type"] == "value_error" and "error" in context:
        return str(context["error"])
    words = _PLAIN.get(detail["type"])
    if words is None:
        words = detail["msg"].removeprefix("Value error, ")
        return words[:1].lower() + words[1:]
    return words.format_map({**context, **{name: str(context.get(name, "")).replace("'", "") for name in _QUOTED}})


def first_problem(error: ValidationError, whole: str = "it") -> str:
    """Says the first of pydantic's errors, with its place. ``whole``: what the place is called where all of it is wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or whole}: {in_plain_words(first)}"


NO_TEXT = "must be text (got "


def not_text(shown: str, quoted: str = "") -> str:
    """Says that a value is not a text. ``quoted``: what to write instead, where that is known."""
    return f"{NO_TEXT}{shown[:80]}): put it in quotes" + (f", {quoted}" if quoted and len(quoted) < 80 else "")


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _choices(expected: str) -> tuple[str, ...]:
    return tuple(expected.replace(" or ", ", ").replace("'", "").split(", "))
