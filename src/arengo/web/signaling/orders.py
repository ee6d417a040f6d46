"""What a client asks, put into the rules' own words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from arengo.domain import commands as rules
from arengo.domain.events import Mic
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId
from arengo.domain.settings import WhoMaySpeak
from arengo.web.signaling import messages as wire

FindPerson = Callable[[str], Awaitable[Person]]


async def order(asked: wire.AnyCommand, find: FindPerson) -> rules.Command:
    """Give the command that *asked* means; *find* resolves those whom it names. Reactions are no commands of the rules."""
    match asked:
        case wire.InviteToStage(person_id=person_id):
            return rules.InviteToStage(await find(person_id))
        case wire.RemovePerson(person_id=person_id):
            return rules.RemovePerson(await find(person_id))
        case wire.MakeCohost(person_id=person_id):
            return rules.MakeCohost(await find(person_id))
        case wire.LowerHand(person_id=person_id):
            return rules.LowerHand(PersonId(person_id) if person_id is not None else None)
        case wire.WithdrawInvitation(person_id=person_id):
            return rules.WithdrawInvitation(PersonId(person_id))
        case wire.MutePerson(person_id=person_id):
            return rules.MutePerson(PersonId(person_id))
        case wire.TakeOffStage(person_id=person_id):
            return rules.TakeOffStage(PersonId(person_id))
        case wire.DropCohost(person_id=person_id):
            return rules.DropCohost(PersonId(person_id))
        case wire.ComeOnStage(mic=mic):
            return rules.ComeOnStage(Mic(mic))
        case wire.SetMic(mic=mic):
            return rules.SetMic(Mic(mic))
        case wire.ChangeSettings():
            return rules.ChangeSettings(
                SettingsChange(
                    title=asked.title,
                    topics=asked.topics,
                    who_may_speak=WhoMaySpeak(asked.who_may_speak) if asked.who_may_speak else None,
                    guests_allowed=asked.guests_allowed,
                )
            )
        case _:
            return _PLAIN[type(asked)]


_PLAIN: dict[type[wire.Command], rules.Command] = {
    wire.RaiseHand: rules.RaiseHand(),
    wire.LowerAllHands: rules.LowerAllHands(),
    wire.DeclineStage: rules.DeclineStage(),
    wire.StepDown: rules.StepDown(),
    wire.MuteAll: rules.MuteAll(),
    wire.StartSpace: rules.StartSpace(),
    wire.EndSpace: rules.EndSpace(),
}
