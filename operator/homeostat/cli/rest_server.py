"""A REST API that a command asks, instead of the state folder here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx

from .errors import CliError, ServerAway

T = TypeVar("T")
PASSING = (502, 503, 504)  # answered where a server, or one behind it, begins or is too busy
NO_API = "see that this is the address of the API, and not of a page or a proxy"
MADE = "`homeostat token create` on the server's host makes one"
_OF_ITS_TIME = "have it renewed there, or compare the clocks of both hosts"
UNTRUSTED = MappingProxyType(
    {
        "certificate has expired": _OF_ITS_TIME,
        "certificate is not yet valid": _OF_ITS_TIME,
        "certificate is not valid for": "call the server by a name that its certificate has",
    }
)
"""What helps where OpenSSL says so of a certificate; an authority that nobody knows is the rest."""
_TIMES = httpx.Timeout(15.0, read=600.0)  # moving a disk may be a copy of all of it


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
            token = token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise CliError(f"--token-file {token_file} cannot be read: {why}") from error
        if any(character.isspace() or not character.isprintable() for character in token):
            # What refused it as a header would say what it is.
            raise CliError(f"--token-file {token_file} holds no token: that is one word, alone in its file", MADE)
        return cls(url, token)

    @property
    def headers(self) -> Mapping[str, str]:
        """Returns the headers that each request needs."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


class RestRefusal(CliError):
    """A server's answer that is an error. ``status``: of HTTP. ``code``: the server's word for it; empty: it has none.
    ``details`` are for programs."""

    def __init__(
        self, message: str, mend: str, status: int, code: str = "", details: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        super().__init__(message, mend)
        self.details = details
        self.status = status
        self.code = code
        self.passing = status in PASSING

    @property
    def lacks_route(self) -> bool:
        """Tells whether the server has nothing at all at that path."""
        return self.status == 404 and self.code == "not_found"


def asked_of(server: RestServer, method: str, path: str) -> httpx.Response:
    """Asks a server, and returns its answer.

    Raises:
        CliError: it refuses, or cannot be reached.
    """
    try:
        return checked(httpx.request(method, f"{server.url.rstrip('/')}{path}", headers=server.headers, timeout=_TIMES))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise CliError(f"{server.url} does not answer: {why}", "see that the API listens there; then call this again") from error


def checked(answer: httpx.Response) -> httpx.Response:
    """Returns an answer whose body was read.

    Raises:
        CliError: it says why not.
    """
    if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
        return answer
    origin = origin_of(answer)
    if answer.is_redirect:
        raise CliError(
            f"{origin} answers with a redirect to {answer.headers.get('Location')}", "give the address of the API itself"
        )
    try:
        body = answer.json()
        said, code, details = str(body["error"]), str(body.get("code", "")), dict(body.get("details") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RestRefusal(f"{origin} answered {answer.status_code} {answer.reason_phrase}", NO_API, answer.status_code) from None
    refusal = RestRefusal(said, _mend(code), answer.status_code, code, details)
    if refusal.lacks_route:
        path = answer.request.url.path
        raise RestRefusal(f"{origin} is of an older version: it has no {path}", "update it, or run this on its host", 404, code)
    raise refusal


def json_of(answer: httpx.Response) -> Any:
    """Returns what an answer says.

    Raises:
        CliError: it says why not, or is no JSON.
    """
    try:
        return checked(answer).json()
    except ValueError:
        form = answer.headers.get("Content-Type", "nothing")
        raise CliError(f"{origin_of(answer)} answered {form}, not as a Homeostat API does", NO_API) from None


def understood(url: str, make: Callable[[Any], T], said: Any) -> T:
    """Returns what is made of what a server said.

    Raises:
        CliError: it is of another shape than this version's.
    """
    try:
        return make(said)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CliError(f"{url} answered what this version does not understand ({why})", "bring both to one version") from error


def unreachable(url: str, error: Exception) -> CliError:
    """Returns what is said where a server gives no answer."""
    why = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in why:
        mend = next((mend for text, mend in UNTRUSTED.items() if text in why), "SSL_CERT_FILE names a CA of your own")
        return CliError(f"the certificate of {url} is not trusted: {why}", mend)
    return ServerAway(f"{url} does not answer: {why}", "see that the API listens there")


def origin_of(answer: httpx.Response) -> str:
    """Returns the URL of the server that answered."""
    url = answer.request.url
    return f"{url.scheme}://{url.netloc.decode()}"


def _mend(code: str) -> str:
    return "`homeostat whoami` says who you are there" if code == "forbidden" else ""
