"""The server that commands ask with --server: one request at a time, as whoever signed in there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from homeostat.models.base import Key
from homeostat.store.files.last_look import OperatorState

from ..errors import CliError
from ..rest_server import NO_API, RestRefusal, RestServer, checked, json_of, origin_of, understood, unreachable
from ..stored_session import renewed_token, server_url, sign_in_again

V1 = "/api/v1"
LAST_LOOK = "X-Last-Look"
TIMES = httpx.Timeout(30.0, connect=10.0)
Query = Mapping[str, str | int]


class RemoteServer:
    """A REST API. A session is renewed when its time has come; who shows a token file keeps to that."""

    def __init__(self, url: str, token_file: Path | None = None) -> None:
        """Takes the address as it was given.

        Raises:
            CliError: it is none of a server, or everybody on the way could read a token.
        """
        self.url = server_url(url)
        self._token_file = token_file
        self._client = httpx.Client(base_url=self.url, timeout=TIMES)
        self._lists: dict[str, tuple[str, Any]] = {}  # by path: the ETag, and what was made of the answer
        self._last_look: str | None = None

    @property
    def asked(self) -> RestServer:
        """Returns the server with the token that holds now."""
        return RestServer.at(self.url, self._token_file)

    def ask(self, method: str, path: str, *, query: Query | None = None, body: Any = None, form: str | None = None) -> Any:
        """Returns what the server answers; None where that is nothing. ``form``: the content type of the body.

        Raises:
            RestRefusal: it refuses.
            CliError: it cannot be reached, or is no such server.
        """
        headers = {"Content-Type": form} if form else {}
        answer = self.request(method, path, query=query, body=body, headers=headers)
        return None if answer.status_code == httpx.codes.NO_CONTENT else json_of(answer)

    def list(self, path: str, made: Callable[[Any], Any]) -> Any:
        """Returns what is made of a list; what was made last, where the list is still the same."""
        etag, last = self._lists.get(path, ("", None))
        answer = self.request("GET", path, headers={"If-None-Match": etag} if etag else {})
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            last = understood(self.url, made, json_of(answer))
            if etag := answer.headers.get("ETag", ""):
                self._lists[path] = etag, last
        return last

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> httpx.Response:
        """Sends a request, again where a session's token is refused that can be renewed. Raises what ``ask`` does. ``most``:
        bytes that an answer may have."""
        asked = self.asked
        answer = self._sent(asked, method, path, query, body, headers, most)
        stale = answer.status_code == httpx.codes.UNAUTHORIZED and self._token_file is None and asked.token
        if stale and (token := renewed_token(self.url, asked.token)):
            answer = self._sent(RestServer(self.url, token), method, path, query, body, headers, most)
        if method == "GET" and answer.is_success:
            self._last_look = answer.headers.get(LAST_LOOK)
        try:
            return checked(answer)
        except RestRefusal as error:
            if error.status != httpx.codes.UNAUTHORIZED:
                raise
            if self._token_file is not None:
                raise CliError(f"{self.url}: {error}", f"see that {self._token_file} holds a token that is good there") from error
            raise sign_in_again(self.url, str(error)) from error

    def _sent(
        self,
        asked: RestServer,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        headers: Mapping[str, str] | None,
        most: int | None,
    ) -> httpx.Response:
        sent = {**(headers or {}), **asked.headers}
        try:
            with self._client.stream(method, f"{V1}{path}", params=query, json=body, headers=sent) as answer:
                return _read(answer, most)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(self.url, error) from error

    @cached_property
    def namespace(self) -> str:
        """Returns the namespace whose resources the server has.

        Raises:
            CliError: see ``ask``.
        """
        return understood(self.url, lambda said: str(said["namespace"]), self.ask("GET", "/resources"))

    @property
    def operator(self) -> OperatorState:
        """Returns the state of the operator there, as of the last answer."""
        _ = self.namespace  # something was asked
        if self._last_look is None:
            return OperatorState(True, self._failing())
        try:
            return OperatorState(False, last_look=datetime.fromisoformat(self._last_look))
        except ValueError:  # it is not known there
            return OperatorState(False)

    def _failing(self) -> Sequence[str]:
        """Returns what fails there, in words."""
        try:
            found = self._client.get("/healthz").json()["failing"]
            return [f"{one['task']} fails since {one['since']}: {one['error']}" for one in found]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):  # it answers whatever matters otherwise
            return []

    def seen_now(self) -> Callable[[Key], bool]:
        """Returns a function that tells whether a resource's status was written by the operator that runs there now."""
        return lambda key: True


def _read(answer: httpx.Response, most: int | None) -> httpx.Response:
    """Reads an answer, and returns it.

    Raises:
        CliError: it has more than ``most`` bytes.
    """
    if most is None:
        answer.read()
        return answer
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > most:
            raise CliError(f"{origin_of(answer)} sends more than {most} bytes, not as a Homeostat API does", NO_API)
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "content-encoding"]  # it is decoded
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)
