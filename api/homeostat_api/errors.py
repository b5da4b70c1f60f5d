"""The errors of our own API: Volant's, and codes of our own for what Volant does not have."""

from __future__ import annotations

from dataclasses import replace

from homeostat.service.refusals import (
    ConsoleUnavailable,
    DeviceExists,
    ExportProblem,
    ExportRefused,
    KeyboardBusy,
    LogUnavailable,
    MustBeOff,
    NoConsoleSize,
    NoSuchDevice,
    NoSuchKey,
    NotInTrash,
    NotTaken,
    NotYoursInTrash,
    OtherMedium,
    OverQuota,
    PlaceTaken,
    Refusal,
    TooManyScreens,
    TrashElsewhere,
    TrashUnavailable,
    UploadProblem,
    UploadRefused,
    WebRtcUnavailable,
)
from homeostat_contracts.volant import errors as volant

from .http.answers.accounts import from_accounts
from .http.errors import Problem

_UPLOADS: dict[UploadProblem, tuple[int, str]] = {
    "not_found": (404, "upload_not_found"),
    "conflict": (409, "upload_conflict"),
    "offset": (409, "upload_offset"),
    "busy": (423, "upload_busy"),
    "too_large": (413, "upload_too_large"),
    "not_an_image": (422, "not_an_image"),
    "checksum": (422, "checksum_mismatch"),
    "part_checksum": (460, "checksum_mismatch"),  # as the tus protocol has it
    "no_space": (507, "no_space"),
    "elsewhere": (409, "uploads_elsewhere"),
    "incomplete": (400, "upload_incomplete"),
    "failed": (503, "upload_failed"),
}

_EXPORTS: dict[ExportProblem, tuple[int, str]] = {
    "not_there": (409, "disk_not_there"),
    "which": (400, "invalid_request"),
    "elsewhere": (409, "exports_elsewhere"),
    "limit": (429, "exports_at_limit"),
    "no_space": (507, "no_space"),
    "busy": (409, "disk_busy"),
    "refused": (409, "export_refused"),
    "failed": (503, "export_failed"),
}
AGAIN = {"Retry-After": "30"}


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NotInTrash():
            return Problem(404, "trash_entry_not_found", "Trash entry not found", error.details)
        case NotYoursInTrash():
            return Problem(403, "forbidden", str(error), error.details)
        case NotTaken():
            return Problem(409, "snapshot_not_taken", str(error), error.details)
        case PlaceTaken():
            return Problem(409, "conflict", str(error), error.details)
        case UploadRefused():
            status, code = _UPLOADS[error.why]
            return Problem(status, code, str(error), error.details)
        case ExportRefused():
            status, code = _EXPORTS[error.why]
            return Problem(status, code, str(error), error.details, headers=AGAIN if status in (429, 503) else None)
        case NoConsoleSize():
            return Problem(409, "no_console_size", str(error), error.details)
        case NoSuchKey():
            return Problem(400, "no_such_key", str(error), error.details)
        case KeyboardBusy():
            return Problem(429, "keyboard_busy", str(error), error.details, headers=AGAIN)
        case TooManyScreens():
            return Problem(429, "screens_at_limit", str(error), error.details, headers=AGAIN)
        case WebRtcUnavailable():
            return Problem(501, "webrtc_unavailable", str(error))
        case ConsoleUnavailable():
            return Problem(409, "console_unavailable", str(error), error.details)
        case LogUnavailable():
            return Problem(409, "log_unavailable", str(error), error.details)
        case NoSuchDevice():
            return Problem(404, "device_not_found", str(error), error.details)
        case DeviceExists():
            return Problem(409, "device_exists", str(error), error.details)
        case OverQuota():
            return Problem(403, "quota_exceeded", str(error), error.details)
        case MustBeOff():
            return Problem(409, "vm_running", str(error), error.details)
        case OtherMedium():
            return Problem(409, "medium_in_use", str(error), error.details)
        case TrashElsewhere():
            return Problem(409, "trash_elsewhere", str(error), error.details)
        case TrashUnavailable():
            return Problem(503, "trash_unavailable", str(error))
        case _:
            return volant.from_refusal(error)


ANSWERS = replace(volant.ANSWERS, refusal=from_refusal, accounts=from_accounts)
