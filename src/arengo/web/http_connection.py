"""uvicorn's HTTP connection, which tells how much of a request has arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from arengo.limits import Limits
from arengo.service.tally import Tally
from arengo.web.errors import PROBLEM_JSON, problem_bytes

Upgrade = Callable[[bytes], None]

_SENTENCES: Final = {
    "malformed": "This is not an HTTP request.",
    "header_too_large": "The header of the request is larger than it may be.",
    "too_large": "The request is larger than it may be.",
    "request_timeout": "The request did not arrive in time.",
    "rate_limited": "Too many requests wait on this connection.",
}


class HttpConnection(HttpToolsProtocol):
    """Answers the requests of one connection; *upgrade* gets the request that makes it a WebSocket."""

    def __init__(
        self, config: Config, state: ServerState, *, limits: Limits, tally: Tally, upgrade: Upgrade, answered: Callable[[], None]
    ) -> None:
        super().__init__(config, state, {})
        self.is_partial = True  # a request has begun, or the first is awaited, and is not complete
        self.has_head = False  # its header is complete
        self.whole_requests = 0
        self.is_refused = False  # nothing that comes counts any more
        self._limits = limits
        self._tally = tally
        self._upgrade = upgrade
        self._answered = answered

    @property
    def awaits_body(self) -> bool:
        """Whether the body of the present request is still arriving; that of one in line is not read yet."""
        return self.is_partial and self.has_head and not self.pipeline

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way or waits for its turn."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.is_partial, self.has_head = True, False

    def on_headers_complete(self) -> None:
        self.has_head = True
        super().on_headers_complete()
        if len(self.pipeline) > self._limits.requests_waiting:
            self.refuse("rate_limited")

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.is_partial = False
        self.whole_requests += 1

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._answered()

    def send_400_response(self, msg: str) -> None:
        self.refuse("malformed")

    def handle_websocket_upgrade(self) -> None:
        self.connections.discard(self)
        self.parser = None  # type: ignore[assignment]  # which holds us: without it nothing is left for the garbage collector
        lines = [b"%s %s HTTP/1.1" % (self.scope["method"].encode(), self.url)]
        lines += [b"%s: %s" % header for header in self.scope["headers"]]
        self._upgrade(b"\r\n".join([*lines, b"", b""]))

    def refuse(self, code: str) -> None:
        """End the connection because of what arrived, with a problem as the answer where none is under way."""
        if self.is_refused or self.transport.is_closing():
            return
        self.is_refused = True
        self._tally.count("connection", code)
        is_answered = self.awaits_body and self.cycle is not None and self.cycle.response_complete
        has_begun = bool(self.pipeline) or (self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete)
        if not has_begun and not is_answered:
            refusal, body = problem_bytes(code, _SENTENCES[code])
            head = f"content-type: {PROBLEM_JSON}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[refusal.status] + head.encode() + body)
        if self.transport.get_write_buffer_size() or has_begun:
            self.transport.abort()
        elif self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(self._limits.linger_s, self.transport.close)
        else:
            self.transport.close()
