"""The address of the space channel; what is said on it is in `conversation`.

It stands beside the framework's routes: what the framework keeps for each of its WebSockets costs as much as all of ours,
and would be left to the garbage collector.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from arengo.domain.errors import ArengoError
from arengo.domain.ids import SpaceId
from arengo.service.services import Services
from arengo.web.auth import identify
from arengo.web.edge import client_address
from arengo.web.signaling.closing import Closing, closing_of_error
from arengo.web.signaling.conversation import Conversation
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.sockets import Socket, socket_of

log = logging.getLogger(__name__)

FAULT = Closing(1011, "fault")

_ADDRESS = re.compile(r"/api/v1/spaces/([^/]+)/channel/?")


class Channels:
    """Every channel of a server; *app* is whose state tells who asks."""

    def __init__(self, app: Litestar, services: Services) -> None:
        self._app = app
        self._services = services
        self._frames = Frames(services.settings)

    async def hold(self, space: SpaceId, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the channel of one participant; every end has a close code, so the socket is accepted first."""
        await receive()  # that it connects
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        scope["litestar_app"] = self._app
        await self._converse(socket_of(scope), space, ASGIConnection(scope))

    async def _converse(self, socket: Socket, space: SpaceId, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        try:
            identity = await identify(connection, self._services)
            await Conversation(socket, self._services, self._frames, space).hold(identity, client_address(connection))
        except ArengoError as error:
            closing = closing_of_error(error)
            socket.close(closing.code, closing.reason)
        except Exception:
            log.exception("Fault on a channel.")
            socket.close(FAULT.code, FAULT.reason)


def space_of_channel(scope: Scope) -> SpaceId | None:
    """The space whose channel is asked for; None where something else is."""
    address = _ADDRESS.fullmatch(scope["path"]) if scope["type"] == ScopeType.WEBSOCKET else None
    return SpaceId(address[1]) if address is not None else None
