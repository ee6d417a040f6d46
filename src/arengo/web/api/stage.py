"""The stage of a space: hands, invitations, microphones, places."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from litestar import delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from arengo.domain import commands as rules
from arengo.domain.events import Mic
from arengo.domain.identity import Identity, Person
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.scopes import require_scope
from arengo.service.services import Services
from arengo.web.api.shapes import Version
from arengo.web.signaling import messages as wire

SPACE = "/api/v1/spaces/{space_id:str}"


class Microphone(msgspec.Struct, frozen=True):
    """How one's own microphone shall be."""

    mic: wire.MicState


class Coming(msgspec.Struct, frozen=True):
    """How to come on stage."""

    mic: wire.MicState = "off"


@put(f"{SPACE}/speakers/{{person_id:str}}", tags=["stage"], summary="Invite to the stage")
async def invite(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Permit somebody to speak and ask them, whether they are there or not; their own act brings them up."""
    return await ask_about(services, space_id, identity, person_id, rules.InviteToStage)


@delete(f"{SPACE}/speakers/{{person_id:str}}", status_code=200, tags=["stage"], summary="Take off the stage")
async def take_off(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Send somebody back to the audience and take the permission back; one's own id steps down."""
    if person_id == identity.id:
        return await ask(services, space_id, identity, rules.StepDown())
    return await ask(services, space_id, identity, rules.TakeOffStage(PersonId(person_id)))


@put(f"{SPACE}/stage", tags=["stage"], summary="Come on stage")
async def come_on_stage(
    space_id: FromPath[str], data: JSONBody[Coming], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Accept an invitation, or come where everybody may speak."""
    return await ask(services, space_id, identity, rules.ComeOnStage(Mic(data.mic)))


@delete(f"{SPACE}/stage", status_code=200, tags=["stage"], summary="Step down")
async def step_down(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Version:
    """Leave the stage for the audience."""
    return await ask(services, space_id, identity, rules.StepDown())


@delete(f"{SPACE}/invitation", status_code=200, tags=["stage"], summary="Decline an invitation")
async def decline(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Version:
    """Say no to an invitation to the stage."""
    return await ask(services, space_id, identity, rules.DeclineStage())


@put(f"{SPACE}/hand", tags=["stage"], summary="Raise a hand")
async def raise_hand(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Version:
    """Ask to speak; asking twice changes nothing."""
    return await ask(services, space_id, identity, rules.RaiseHand())


@delete(f"{SPACE}/hand", status_code=200, tags=["stage"], summary="Lower a hand")
async def lower_hand(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Version:
    """Take the wish to speak back."""
    return await ask(services, space_id, identity, rules.LowerHand())


@put(f"{SPACE}/mic", tags=["stage"], summary="Open or close one's own microphone")
async def set_mic(
    space_id: FromPath[str], data: JSONBody[Microphone], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Mute oneself, or speak again."""
    return await ask(services, space_id, identity, rules.SetMic(Mic(data.mic)))


@post(f"{SPACE}/mute/{{person_id:str}}", status_code=200, tags=["stage"], summary="Mute somebody")
async def mute(
    space_id: FromPath[str], person_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]
) -> Version:
    """Close the microphone of somebody below oneself; they may open it again themselves."""
    return await ask(services, space_id, identity, rules.MutePerson(PersonId(person_id)))


@post(f"{SPACE}/mute-all", status_code=200, tags=["stage"], summary="Mute everybody")
async def mute_all(space_id: FromPath[str], services: NamedDependency[Services], identity: NamedDependency[Identity]) -> Version:
    """Close the microphone of everybody below oneself: a co-host spares the host and the other co-host."""
    return await ask(services, space_id, identity, rules.MuteAll())


async def ask(services: Services, space_id: str, identity: Identity, command: rules.Command) -> Version:
    """Let *identity* command the space, as far as their token reaches."""
    require_scope(identity, "spaces:write")
    view = await services.spaces.ask(SpaceId(space_id), identity, command)
    return Version(view.space.version)


async def ask_about(
    services: Services, space_id: str, identity: Identity, person_id: str, command: Callable[[Person], rules.Command]
) -> Version:
    """Let *identity* command the space about somebody, who may be anywhere."""
    require_scope(identity, "spaces:write")
    person = await services.spaces.person(SpaceId(space_id), person_id, by=identity.person)
    return await ask(services, space_id, identity, command(person))


handlers = [invite, take_off, come_on_stage, step_down, decline, raise_hand, lower_hand, set_mic, mute, mute_all]
