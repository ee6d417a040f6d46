"""The address of the space channel; what is said on it is in `conversation`.

It is a bare ASGI application among the routes: what the framework keeps for each of its WebSockets costs as much as all of ours.
"""

from __future__ import annotations

import logging
from typing import Any

from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
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

Connection = ASGIConnection[Any, Any, Any, Any]


@asgi("/api/v1/spaces/{space_id:str}/channel", copy_scope=False)
async def channel(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold the channel of one participant; every end has a close code, so the socket is accepted first."""
    if scope["type"] != ScopeType.WEBSOCKET:
        raise MethodNotAllowedException
    await receive()  # that it connects
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    await _hold(socket_of(scope), ASGIConnection(scope))


async def _hold(socket: Socket, connection: Connection) -> None:
    services: Services = connection.app.state.services
    try:
        identity = await identify(connection, services)
        conversation = Conversation(socket, services, _frames(connection, services), SpaceId(connection.path_params["space_id"]))
        await conversation.hold(identity, client_address(connection))
    except ArengoError as error:
        closing = closing_of_error(error)
        socket.close(closing.code, closing.reason)
    except Exception:
        log.exception("Fault on a channel.")
        socket.close(FAULT.code, FAULT.reason)


def _frames(connection: Connection, services: Services) -> Frames:
    frames = connection.app.state.get("frames")
    if not isinstance(frames, Frames):
        frames = connection.app.state["frames"] = Frames(services.settings)
    return frames


handlers = [channel]
