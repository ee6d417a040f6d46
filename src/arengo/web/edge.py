"""The outermost layer of the web server: who really asks, what every answer carries, one line in the log.

Addresses are used for rates and candidates and are never logged.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from ipaddress import IPv4Network, IPv6Network

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage

from arengo.domain.errors import ProtocolViolation
from arengo.limits import Limits
from arengo.service.tally import Tally
from arengo.web.config import WebConfig
from arengo.web.errors import PROBLEM_JSON, code_told, problem_bytes
from arengo.web.hosts import OwnHosts
from arengo.web.security import headers_for

_MAPPED = "::ffff:"
_REFUSED = 400  # statuses from here on
_SESSION = re.compile(r"(/(?:whip|whep|media)/).+")

_access = logging.getLogger("arengo.access")


class Edge:
    """Wraps the application; keeps nothing between requests."""

    def __init__(self, app: ASGIApp, config: WebConfig, limits: Limits, tally: Tally, url: str) -> None:
        self._app = app
        self._config = config
        self._limits = limits
        self._tally = tally
        self._hosts = OwnHosts(url, config.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        believe_proxy(scope, self._config.trusted_proxies)
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)
        elif scope["type"] == ScopeType.WEBSOCKET and not self._hosts.has(_header(scope, b"host")):
            await receive()  # that it connects
            await send({"type": "websocket.close", "code": 1008, "reason": "unknown_host"})
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status, size, is_whole = 0, 0, False
        host = _header(scope, b"host")
        security = headers_for(scope["path"], host, is_secure=scope["scheme"] == "https")
        method = str(scope.get("method", ""))

        async def send_and_note(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in security if pair[0] not in present)]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
                if status >= _REFUSED:
                    self._tally.count("http", code_told(status, message.get("body", b"")))
            await send(message)

        async def receive_whole() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.disconnect" and not is_whole:
                raise ProtocolViolation("The client left before its request was complete.")
            is_whole = is_whole or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        if _header_size(scope) > self._limits.header_bytes:
            await _refuse(send_and_note, "header_too_large", "The header of the request is larger than it may be.")
        elif not self._hosts.has(host):
            await _refuse(send_and_note, "unknown_host", "This server does not go by that name. Its operator can add one with --host.")
        else:
            await self._app(scope, receive_whole, send_and_note)
        milliseconds = (time.perf_counter() - began) * 1000
        _access.info("%s %s %d %d B %.1f ms", method, _for_log(scope["path"]), status, size, milliseconds)


def client_address(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    """The IP address of who asks; that of a proxy only when the proxy is not trusted."""
    client = connection.scope.get("client")
    return client[0] if client else ""


def believe_proxy(scope: Scope, trusted: tuple[IPv4Network | IPv6Network, ...]) -> None:
    """Put the forwarded address and scheme in place of the proxy's, when the peer is a trusted proxy."""
    client = scope.get("client")
    if not client:
        return
    if client[0].startswith(_MAPPED):  # an IPv4 peer of a socket for both families
        client = scope["client"] = (client[0].removeprefix(_MAPPED), client[1])
    if not trusted or not _is_trusted(client[0], trusted):
        return
    hops = [hop.strip() for hop in _header(scope, b"x-forwarded-for").split(",") if hop.strip()]
    while hops:
        address = _address(hops.pop())
        if address is None:
            break
        scope["client"] = (address, 0)
        if not _is_trusted(address, trusted):
            break
    scheme = _header(scope, b"x-forwarded-proto").lower()
    if scheme in ("http", "https"):
        scope["scheme"] = scheme if scope["type"] == ScopeType.HTTP else {"http": "ws", "https": "wss"}[scheme]


def was_forwarded(connection: ASGIConnection) -> bool:  # type: ignore[type-arg]
    """Whether some proxy says that it asks for another, trusted or not."""
    return any(name in connection.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))


def _header_size(scope: Scope) -> int:
    address = len(scope["raw_path"]) + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _header(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _address(text: str) -> str | None:
    """The address in *text*, which some proxies write with a port or in brackets."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _is_trusted(text: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in trusted)


def _for_log(path: str) -> str:
    """The path on one line, at most 120 characters of it, without the name of a media session, which is a permission."""
    return "".join(c if c.isprintable() else "?" for c in _SESSION.sub(r"\1…", path[:120]))


async def _refuse(send: Send, code: str, detail: str) -> None:
    refusal, body = problem_bytes(code, detail)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
