"""A REST API that a command asks, instead of the state folder here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from .errors import CliError


@dataclass(frozen=True, slots=True)
class RestServer:
    """A REST API. ``token``: empty where it asks for none."""

    url: str
    token: str = field(default="", repr=False)

    @classmethod
    def at(cls, url: str, token_file: Path | None) -> RestServer:
        """Takes the token from its file; without one, that of whoever signed in there.

        Raises:
            CliError: the file cannot be read.
        """
        from .stored_session import token_for

        try:
            if token_file is None:
                return cls(url, token_for(url))
            return cls(url, token_file.read_text().strip())
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise CliError(f"--token-file {token_file} cannot be read: {why}") from error

    @property
    def headers(self) -> Mapping[str, str]:
        """Returns the headers that each request needs."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def checked(answer: httpx.Response) -> httpx.Response:
    """Returns an answer whose body was read.

    Raises:
        CliError: it says why not.
    """
    if answer.is_success:
        return answer
    try:
        said = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        said = f"the server answered {answer.status_code} {answer.reason_phrase}"
    raise CliError(said)
