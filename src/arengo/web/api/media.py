"""The sound by one HTTP request: the app's whole stay, WHIP in (RFC 9725), WHEP out (draft-ietf-wish-whep).

An offer is answered with all candidates, so there is no trickle and PATCH is 405.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath, Parameter

from arengo.domain import refusals
from arengo.domain.errors import ArengoError, Refusal
from arengo.domain.identity import Identity
from arengo.domain.ids import SpaceId
from arengo.domain.scopes import require_scope
from arengo.service.attendance import Door
from arengo.service.services import Services
from arengo.service.space_door import Admit, nobody_new
from arengo.web.api.stage import SPACE
from arengo.web.edge import client_address
from arengo.web.errors import answer_arengo_error

SDP = "application/sdp"
RESUME_HEADER = "arengo-resume"
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Location, Link"}
PREFLIGHT = {
    **ANY_ORIGIN,
    "Access-Control-Allow-Methods": "POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Arengo-Resume",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": SDP,
}

AnyRequest = Request[Any, Any, Any]
Shown = Annotated[
    bool | None, Parameter(description="whether others see the listener's name; without it as the channel said, and without a channel no")
]


@post(f"{SPACE}/media", media_type=SDP, tags=["media"], summary="Join the sound")
async def join(
    space_id: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    maybe_identity: NamedDependency[Identity | None],
    shown: Shown = None,
) -> Response[str]:
    """Answer the offer of a whole stay; the header `Arengo-Resume` names the participant of a channel.

    A participant is shown as their channel said in `hello`, unless *shown* says otherwise.
    """
    if maybe_identity is not None:
        require_scope(maybe_identity, "speak")
        require_scope(maybe_identity, "listen")
    return await _answer(space_id, Door.APP, request, services, maybe_identity, shown=shown)


@post(f"{SPACE}/whip", media_type=SDP, tags=["media"], summary="Publish by WHIP")
async def publish(
    space_id: FromPath[str], request: AnyRequest, services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Response[str]:
    """Come on stage with an open microphone and send sound into the space, as far as one may speak there."""
    require_scope(identity, "speak")
    return await _answer(space_id, Door.WHIP, request, services, identity)


@post(f"{SPACE}/whep", media_type=SDP, tags=["media"], summary="Listen by WHEP")
async def listen(
    space_id: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    maybe_identity: NamedDependency[Identity | None],
    shown: Shown = None,
) -> Response[str]:
    """Receive the sound of the space; a public one without saying who one is.

    A listener is counted, and named to others only with `?shown=true`.
    """
    if maybe_identity is not None:
        require_scope(maybe_identity, "listen")
    return await _answer(space_id, Door.WHEP, request, services, maybe_identity, shown=shown)


@delete([f"{SPACE}/{door.value}/{{session_id:str}}" for door in Door], status_code=200, tags=["media"], summary="Hang up")
async def hang_up(
    space_id: FromPath[str], session_id: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Response[None]:
    """End a media session; its address, which only its owner was told, is the permission."""
    door = Door(request.url.path.split("/")[-2])
    await services.spaces.close_media(SpaceId(space_id), door, session_id)
    return Response(None, status_code=200, headers=ANY_ORIGIN)


@route([f"{SPACE}/{door.value}" for door in Door], http_method=[HttpMethod.OPTIONS], tags=["media"], include_in_schema=False)
async def options(space_id: FromPath[str]) -> Response[None]:
    """Say that an offer may be posted here, also from another site."""
    return Response(None, status_code=204, headers=PREFLIGHT)


@route([f"{SPACE}/{door.value}/{{session_id:str}}" for door in Door], http_method=[HttpMethod.OPTIONS], include_in_schema=False)
async def session_options(space_id: FromPath[str], session_id: FromPath[str]) -> Response[None]:
    """Say that a session may be ended here, also from another site."""
    return Response(None, status_code=204, headers=PREFLIGHT)


async def _answer(
    space_id: str, door: Door, request: AnyRequest, services: Services, identity: Identity | None, *, shown: bool | None = None
) -> Response[str]:
    offer = await _offer(request, services.limits.sdp_bytes)
    address = client_address(request)
    who, admit = await _participant(space_id, request, services, identity, address)
    session, answer = await services.spaces.open_media(
        SpaceId(space_id), who.person, door, offer, address, shown=shown, credential=who.credential, admit=admit
    )
    location = f"/api/v1/spaces/{space_id}/{door.value}/{session}"
    return Response(answer, status_code=201, media_type=SDP, headers={**ANY_ORIGIN, "Location": location})


async def _participant(
    space_id: str, request: AnyRequest, services: Services, identity: Identity | None, address: str
) -> tuple[Identity, Admit]:
    """Who asks, and what counts them once their offer is answered."""
    if identity is not None:
        return identity, nobody_new
    token = request.headers.get(RESUME_HEADER)
    stay = await services.spaces.stay(SpaceId(space_id), token) if token else None
    if stay is not None and not stay.person.is_guest:
        raise refusals.not_signed_in()  # a resume token names an account, it does not stand for its login
    if stay is not None:
        return services.recognition.by_stay(stay.person), nobody_new
    stranger = services.guests.stranger(address)
    return stranger, partial(services.guests.admit, stranger, address)


async def _offer(request: AnyRequest, most: int) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
        raise Refusal("Send an SDP offer as application/sdp.", code="unsupported_media_type")
    body = await request.body()
    if len(body) > most:
        raise Refusal("The offer is too large.", code="too_large", facts={"most": most})
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Refusal("The offer is not UTF-8 text.", code="sdp_malformed") from None


def _answer_any_origin(request: AnyRequest, error: ArengoError) -> Response[bytes]:
    """Let a page of another site read why it was refused, as it may read an answer."""
    response = answer_arengo_error(request, error)
    for name, value in ANY_ORIGIN.items():
        response.set_header(name, value)
    return response


handlers = [
    Router(
        "/",
        route_handlers=[
            options,
            session_options,
            join,
            publish,
            listen,
            hang_up,
        ],  # OPTIONS first: the framework adds its own where there is none
        exception_handlers={ArengoError: _answer_any_origin},
    )
]
