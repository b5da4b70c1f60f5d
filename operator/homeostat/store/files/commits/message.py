"""The message of a commit: which resource, which of its fields changed from what to what, and who asked for it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from typing import Any

from homeostat.models.base import Key
from homeostat.models.outside import one_line, redacted
from homeostat.store.index.records import difference

SUBJECT_MAX = 72  # characters, which is the usual limit for git
VALUE_MAX = 60  # characters of a value
FIELDS_MAX = 20


def change_message(key: Key, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Returns the message for a change of a document. The subject names as many fields as fit, and the rest follows line by
    line."""
    changes = {field.removeprefix("spec."): pair for field, pair in difference(before, after).items()}
    subject = f"Change {key}"
    for text in (", ".join(f"{f}: {_shown(old)} -> {_shown(new)}" for f, (old, new) in changes.items()), ", ".join(changes)):
        if text and len(f"{subject}: {text}") <= SUBJECT_MAX:
            subject = f"{subject}: {text}"
            break
    lines = [f"- {field}: {_shown(old)} -> {_shown(new)}" for field, (old, new) in changes.items()]
    more = [f"- and {len(lines) - FIELDS_MAX} more"] if len(lines) > FIELDS_MAX else []
    return "\n".join([subject, "", *lines[:FIELDS_MAX], *more]).rstrip()


def signed(message: str, author: str) -> str:
    """Adds who asked for it, and as which user of this host."""
    gap = "\n" if "\n" in message else "\n\n"
    return f"{message}{gap}\nAsked for by: {one_line(author)}, as {_user()}".replace("\n\n\n", "\n\n")


def _user() -> str:
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"user {os.geteuid()}"
    caller = os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else ""
    return f"{name} (sudo by {one_line(caller)})" if caller and caller != name else name


def _shown(value: Any) -> str:
    text = "none" if value is None else one_line(redacted(str(value)))
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "…"
