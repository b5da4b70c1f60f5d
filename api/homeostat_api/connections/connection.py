"""One client's connection: what it may hold and for how long, and how the client learns what is wrong with a request.

gunicorn's protocol parses and serves. This adds what it leaves open: deadlines for headers, bodies and reading; a bound for all
headers together; errors in the API's shape, whatever the parser dies of. It also reads on after an error, because closing with
unread bytes resets the connection, and the client might never see the reason.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.asgi import protocol  # type: ignore[import-untyped]
from gunicorn.asgi.parser import UnsupportedTransferCoding  # type: ignore[import-untyped]
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]

from ..http.answers.download import GONE
from ..http.requests.direct import KEY
from . import refusal
from .limits import BODY_PART, BODY_SECONDS, DISCARD_LIMIT, ENDED_SECONDS, HEAD_LIMIT, HEAD_SECONDS, LINGER_SECONDS, READ_SECONDS

for _status in HTTPStatus:  # gunicorn's table lacks some, 412 among them, and calls those Unknown
    protocol._REASON_PHRASES.setdefault(_status.value, _status.phrase)


protocol._REASON_PHRASES.setdefault(460, "Checksum Mismatch")  # as the tus protocol has it


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One connection. ``worker``: a `Worker`; while the client has something to send, the connection is in the worker's
    ``waiting``."""

    _closed: bool
    _body_receiver: Any

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._deadline: asyncio.TimerHandle | None = None
        self._reading_deadline: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of a request whose headers are incomplete
        self._taken = False  # the body is read past the event loop
        self._arrived = 0  # bytes of the body since it was granted time
        self._answering = False  # the present request's answer has begun
        self._told = False  # of an error after which nothing is served
        self._discarded: int | None = None  # bytes read after an error; None: no error yet
        self._ended = False  # the client sends nothing more

    # The client's life

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_client(HEAD_SECONDS)
        self.worker.make_room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._forget_half_a_request()
        if self._reading_deadline is not None:
            self._reading_deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._discarded is not None:
            self._discarded += len(data)
            if self._discarded > DISCARD_LIMIT:
                self.transport.abort()
            return
        if not self._closed:
            super().data_received(data)
            self._count_body(len(data))

    def eof_received(self) -> bool:
        """Keeps the connection open until its answer has begun: a client may end its side once it has asked. Not over TLS, which
        has no half of a connection: asyncio ends it all the same, and would warn."""
        self._ended = True
        return self._waits_for_the_answer() and self.transport.get_extra_info("ssl_object") is None

    def _waits_for_the_answer(self) -> bool:
        if self._websocket is not None:
            return self._awaits_the_answer(self._websocket)
        if self._closed or self._answering or not (self._head or self._current_request):
            return False
        if self._current_request is None or self._body_is_missing():
            self._refuse(400, "The request is not complete")
        else:
            self._deadline = self.worker.loop.call_later(ENDED_SECONDS, self.transport.abort)
        return True

    def _awaits_the_answer(self, websocket: Any) -> bool:
        """Keeps the connection of a WebSocket open until it is refused: who that takes a moment for is answered, too."""
        if self._closed or websocket.accepted or websocket.closed:
            return False
        self._deadline = self.worker.loop.call_later(ENDED_SECONDS, self.transport.abort)
        return True

    def give_way(self, newcomer: bool = False) -> None:
        """Ends it at once: others need the place."""
        if self._closed:
            self.transport.abort()
        else:
            if newcomer or self._head or self._current_request is not None:
                self._send_error_response(refusal.TOO_MANY, "Too many connections: try again", (("Retry-After", "1"),))
            self._closed = True
            self._end()
        self.worker.waiting.pop(self, None)
        self._wake()

    @property
    def gone(self) -> bool:
        """Whether the client gets nothing more. Any thread may ask."""
        return bool(self._conn_lost_handled)

    # The request's

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Parses bytes, also those that followed the previous request."""
        begins = self._current_request is None
        if begins:
            self._begin(len(data))
        try:
            self._callback_parser.feed(data)
        except Exception as error:
            self._refuse(*refusal.of_parser(error))
            return False
        if begins and self._current_request is None and self._head > HEAD_LIMIT:
            self._refuse(431, f"The headers are larger than {HEAD_LIMIT} bytes")
            return False
        return True

    def _begin(self, size: int) -> None:
        if not self._head:
            self._answering = False
            self._cancel_keepalive_timer()
            if self._deadline is None:
                self._wait_for_client(HEAD_SECONDS)
        self._head += size

    def _is_websocket_upgrade(self, request: Any) -> bool:
        """Tells whether it opens a WebSocket. HTTP/1.0 opens none (RFC 6455, 4.1): then it is a request like another."""
        return request.version >= (1, 1) and bool(super()._is_websocket_upgrade(request))

    def _on_headers_complete(self) -> bool:
        for name, value in self._callback_parser.headers:
            # gunicorn lets some codings pass that nobody decodes.
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                raise UnsupportedTransferCoding(value.decode("latin-1"))
        self._head = self._arrived = 0
        self._wait_for_client(BODY_SECONDS)
        return bool(super()._on_headers_complete())

    def _count_body(self, size: int) -> None:
        """Grants more time for a body that keeps the pace: BODY_SECONDS for each BODY_PART of it."""
        if self._deadline is None or self._current_request is None or not self._body_is_missing():
            return
        self._arrived += size
        if self._arrived >= BODY_PART:
            self._arrived = 0
            self._wait_for_client(BODY_SECONDS)

    def _on_message_complete(self) -> None:
        self._stop_waiting()
        super()._on_message_complete()

    def _arm_keepalive_timer(self) -> None:
        """Arms the timer between two requests; gunicorn's own timer ends it."""
        if self._ended:
            self._close_transport()
            self._wake()
            return
        super()._arm_keepalive_timer()
        self.worker.waiting[self] = None

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:
        """Adds the case of an answer before the end of the body: what is left of it would be read as a new request."""
        return self._ended or self._body_is_missing() or bool(super()._will_close(request, response_requires_close))

    def _send_response_start(self, *arguments: Any, **more: Any) -> None:
        self._answering = True
        super()._send_response_start(*arguments, **more)

    # A body that is read past the event loop, see http.direct

    def _build_http_scope(self, request: Any, sockname: Any, peername: Any) -> dict[str, Any]:
        scope: dict[str, Any] = super()._build_http_scope(request, sockname, peername)
        scope[GONE] = lambda: self.gone
        if self.transport.get_extra_info("ssl_object") is None:
            scope[KEY] = self
        return scope

    def take_body(self) -> tuple[bytes, int]:
        """Stops reading. Returns what was read and nobody had yet, and a descriptor of the socket, for the caller to close."""
        self._taken = True
        self._pause_reading()
        held = b"".join(self._body_receiver._chunks)
        self._body_receiver._chunks.clear()
        self._body_receiver._buffered = 0
        return held, os.dup(self.transport.get_extra_info("socket").fileno())

    def give_body_back(self, complete: bool) -> None:
        """Reads on. ``complete``: there is nothing left of the body. No request follows: the parser has not seen its end."""
        self._taken = False
        if complete and self._body_receiver is not None:
            self._body_receiver.set_complete()
            self._stop_waiting()
            self._ended = True

    def _resume_reading(self) -> None:
        if not self._taken:
            super()._resume_reading()

    # Deadlines

    def _wait_for_client(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.worker.loop.call_later(seconds, self._too_slow, seconds)
        self.worker.waiting[self] = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self.worker.waiting.pop(self, None)

    def _too_slow(self, seconds: float) -> None:
        if self._reading_paused and self._body_is_missing():  # it waits for us
            self._wait_for_client(BODY_SECONDS)
            return
        what = "headers" if self._current_request is None else "body"
        if self._head or self._current_request is not None:
            self._refuse(408, f"The {what} did not arrive within {seconds:g} seconds")
        else:
            self._close_transport()
        self._wake()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_deadline = self.worker.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._reading_deadline is not None:
            self._reading_deadline.cancel()
        super().resume_writing()

    # Errors, and the end

    def _refuse(self, status: int, message: str) -> None:
        self._send_error_response(status, message)
        self._close_transport()

    def _send_error_response(self, status: int, message: str, extra_headers: Iterable[tuple[str, str]] = ()) -> None:
        """Sends an error in the API's shape, but not into the middle of an answer."""
        if self._answering or self._told or self._closed:
            return
        self._told = True
        self._safe_write(refusal.answer(status, message, extra_headers, refusal.port_of(self.transport)))

    def _close_transport(self) -> None:
        if self._closed or self.transport is None:
            return
        self._stop_waiting()
        self._closed = True
        if self._ended or not (self._told or self._body_is_missing()):
            self._end()
            return
        self._discarded = 0
        with suppress(OSError, NotImplementedError):  # the client is gone; TLS cannot close one side
            self.transport.write_eof()
        self._resume_reading()
        self._deadline = self.worker.loop.call_later(LINGER_SECONDS, self._end)
        self.worker.waiting[self] = None
        self._forget_half_a_request()

    def _end(self) -> None:
        """Ends the connection. What was written goes out first, if the client takes it."""
        self._stop_waiting()
        self.transport.close()
        self._deadline = self.worker.loop.call_later(READ_SECONDS, self.transport.abort)
        self.worker.waiting[self] = None

    def _forget_half_a_request(self) -> None:
        """Drops a request whose body is cut off. It may happen to be complete JSON, but must have no effect."""
        if self._body_is_missing() and (self._told or not self._answering):
            self._body_receiver = None
            if self._task is not None and self._task is not asyncio.current_task():
                self._task.cancel()

    def _body_is_missing(self) -> bool:
        return self._body_receiver is not None and not self._body_receiver._complete

    def _wake(self) -> None:
        """Lets gunicorn's loop over requests see that it is over."""
        self._request_ready.set()
