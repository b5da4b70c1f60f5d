"""The errors of our own API: Volant's, and codes of our own for what Volant does not have."""

from __future__ import annotations

from dataclasses import replace

from homeostat.service.refusals import NotInTrash, PlaceTaken, Refusal, TrashUnavailable
from homeostat_contracts.volant import errors as volant

from .http.errors import Problem


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NotInTrash():
            return Problem(404, "trash_entry_not_found", "Trash entry not found", error.details)
        case PlaceTaken():
            return Problem(409, "conflict", str(error), error.details)
        case TrashUnavailable():
            return Problem(503, "trash_unavailable", str(error))
        case _:
            return volant.from_refusal(error)


ANSWERS = replace(volant.ANSWERS, refusal=from_refusal)
