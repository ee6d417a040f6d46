"""The address of the space channel; what is said on it is in `conversation`."""

from __future__ import annotations

import logging
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath

from arengo.domain.errors import ArengoError
from arengo.domain.ids import SpaceId
from arengo.service.services import Services
from arengo.web.auth import identify
from arengo.web.edge import client_address
from arengo.web.signaling.closing import Closing, closing_of_error
from arengo.web.signaling.conversation import Conversation
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.sockets import socket_of

log = logging.getLogger(__name__)

FAULT = Closing(1011, "fault")


@websocket("/api/v1/spaces/{space_id:str}/channel")
async def channel(socket: WebSocket[Any, Any, Any], space_id: FromPath[str], services: NamedDependency[Services]) -> None:
    """Hold the channel of one participant; every end has a close code, so the socket is accepted first."""
    await socket.accept()
    reader = socket_of(socket.scope)
    try:
        identity = await identify(socket, services)
        conversation = Conversation(reader, services, _frames(socket, services), SpaceId(space_id))
        await conversation.hold(identity, client_address(socket))
    except ArengoError as error:
        closing = closing_of_error(error)
        reader.close(closing.code, closing.reason)
    except Exception:
        log.exception("Fault on a channel.")
        reader.close(FAULT.code, FAULT.reason)


def _frames(socket: WebSocket[Any, Any, Any], services: Services) -> Frames:
    frames = socket.app.state.get("frames")
    if not isinstance(frames, Frames):
        frames = socket.app.state["frames"] = Frames(services.settings)
    return frames


handlers = [channel]
