"""The session of whoever signed in with `homeostat login`: a file of his own, which others cannot read."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from homeostat.driver.storage.paths import replace_text

from .errors import CliError
from .rest_server import RestRefusal, RestServer, checked, json_of, understood, unreachable

SOON = timedelta(seconds=60)  # before its end a token is renewed
TIMES = httpx.Timeout(30.0)
LOGIN = "`homeostat login URL` signs in"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What the file holds. ``expires``: of the access token, RFC 3339. Another one raises ValueError."""

    url: str
    name: str
    access: str = field(repr=False)
    expires: str
    refresh: str = field(repr=False)

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.expires).tzinfo is None:
            raise ValueError(f"{self.expires!r} is a time of no zone")

    @classmethod
    def of(cls, url: str, answer: Mapping[str, Any]) -> StoredSession:
        """Makes it of what a server answers who signs in."""
        return cls(url, answer["name"], answer["access_token"], answer["expires"], answer["refresh_token"])

    @property
    def holds(self) -> bool:
        return datetime.fromisoformat(self.expires) - datetime.now(UTC) > SOON


def place() -> Path:
    """Returns where the file is."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "homeostat" / "session.json"


def server_url(given: str) -> str:
    """Returns the URL of a server that a password, or a token, may be sent to.

    Raises:
        CliError: it is no URL of one, or everybody on the way could read it.
    """
    from homeostat.models.loopback import is_loopback

    wrong = CliError(f"{given} is no address of an API", "write it as https://api.example.com:8443")
    try:
        parsed = urlsplit(given if "://" in given else f"https://{given}")
        _ = parsed.port  # looked at only now: it may be none
    except ValueError:
        raise wrong from None
    if (
        parsed.scheme not in ("http", "https")
        or not parsed.hostname
        or parsed.username is not None
        or parsed.path not in ("", "/")
    ):
        raise wrong
    if parsed.scheme == "http" and not is_loopback(parsed.hostname):
        raise CliError(
            f"{given}: passwords and tokens would travel in clear",
            "use https, or a tunnel: ssh -L 8080:localhost:8080 HOST, and localhost",
        )
    return f"{parsed.scheme}://{parsed.netloc}"


def sign_in(url: str, name: str, password: str) -> StoredSession:
    """Signs in, and stores the session.

    Raises:
        CliError: the server refuses it, or cannot be reached.
    """
    with _locked():
        answer = _asked(url, "POST", "/api/v1/session", {"name": name, "password": password})
        session = understood(url, partial(StoredSession.of, url), json_of(answer))
        _write(session)
    return session


def present() -> StoredSession:
    """Returns the session, whose access token holds for a while.

    Raises:
        CliError: nobody signed in, or the session has ended.
    """
    with _locked():
        session = _read()
        if session is None:
            raise CliError("nobody has signed in here", LOGIN)
        return session if session.holds else _renewed(session)


def _renewed(session: StoredSession) -> StoredSession:
    """Goes on with a session, and stores its next tokens. Whoever calls holds the lock.

    Raises:
        CliError: the session has ended, or the server cannot be reached.
    """
    try:
        answer = _asked(session.url, "POST", "/api/v1/session/refresh", {"refresh_token": session.refresh})
    except RestRefusal as error:
        if error.status != httpx.codes.UNAUTHORIZED:
            raise
        raise sign_in_again(session.url, str(error)) from error
    renewed = understood(session.url, partial(StoredSession.of, session.url), json_of(answer))
    _write(renewed)
    return renewed


def sign_in_again(url: str, why: str) -> CliError:
    """Returns what is said where a server does not, or no longer, know who asks."""
    return CliError(f"{url}: {why}", f"sign in again: `homeostat login {url}`")


def renewed_token(url: str, refused: str) -> str:
    """Returns another access token for a server that refused one: that of a command which renewed it meanwhile, or a new one; ""
    where nobody signed in to that server.

    Raises:
        CliError: see ``_renewed``.
    """
    with _locked():
        session = _read()
        if session is None or session.url != url:
            return ""
        return (session if session.access != refused else _renewed(session)).access


def token_for(url: str) -> str:
    """Returns the access token for a server; "" where nobody signed in to that one."""
    session = _read()
    return present().access if session is not None and session.url == url.rstrip("/") else ""


def sign_out() -> StoredSession:
    """Ends the session, and forgets it.

    Raises:
        CliError: nobody signed in, or the server cannot be reached: then it is forgotten here, and goes on there.
    """
    session = _read()
    if session is None:
        raise CliError("nobody has signed in here", LOGIN)
    try:
        ask("DELETE", "/api/v1/session")
    finally:
        place().unlink(missing_ok=True)
    return session


def ask(method: str, path: str) -> httpx.Response:
    """Asks the server where the user signed in.

    Raises:
        CliError: nobody signed in, the server refuses it, or cannot be reached.
    """
    session = present()
    return _asked(session.url, method, path, headers=RestServer(session.url, session.access).headers)


def _asked(url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
    try:
        return checked(httpx.request(method, f"{url}{path}", json=body, headers=headers, timeout=TIMES))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise unreachable(url, error) from error


def _read() -> StoredSession | None:
    try:
        return StoredSession(**json.loads(place().read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise CliError(f"{place()} cannot be read: {error}", f"{LOGIN} again") from error


def _write(session: StoredSession) -> None:
    replace_text(place(), json.dumps(asdict(session)))


@contextmanager
def _locked() -> Iterator[None]:
    """Lets one command at a time use the refresh token, which is good for one use."""
    folder = place().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CliError(f"{folder} cannot be written: {error.strerror}", "XDG_CONFIG_HOME names another folder") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
