"""What a participant can ask of a live space, and which rule decides it."""

from __future__ import annotations

from dataclasses import dataclass

from arengo.domain import hosting, moderation, stage
from arengo.domain.events import Events, Mic
from arengo.domain.hosting import SettingsChange
from arengo.domain.identity import Person
from arengo.domain.ids import PersonId
from arengo.domain.moment import Moment
from arengo.domain.space import Space


@dataclass(frozen=True, slots=True)
class RaiseHand:
    pass


@dataclass(frozen=True, slots=True)
class LowerHand:
    person: PersonId | None = None


@dataclass(frozen=True, slots=True)
class LowerAllHands:
    pass


@dataclass(frozen=True, slots=True)
class InviteToStage:
    person: Person


@dataclass(frozen=True, slots=True)
class WithdrawInvitation:
    person: PersonId


@dataclass(frozen=True, slots=True)
class ComeOnStage:
    mic: Mic = Mic.ON


@dataclass(frozen=True, slots=True)
class DeclineStage:
    pass


@dataclass(frozen=True, slots=True)
class StepDown:
    pass


@dataclass(frozen=True, slots=True)
class Leave:
    pass


@dataclass(frozen=True, slots=True)
class SetMic:
    mic: Mic


@dataclass(frozen=True, slots=True)
class MutePerson:
    person: PersonId


@dataclass(frozen=True, slots=True)
class MuteAll:
    pass


@dataclass(frozen=True, slots=True)
class TakeOffStage:
    person: PersonId


@dataclass(frozen=True, slots=True)
class RemovePerson:
    person: Person


@dataclass(frozen=True, slots=True)
class MakeCohost:
    person: Person


@dataclass(frozen=True, slots=True)
class DropCohost:
    person: PersonId


@dataclass(frozen=True, slots=True)
class PermitEntry:
    person: Person


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    person: PersonId


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    change: SettingsChange


@dataclass(frozen=True, slots=True)
class StartSpace:
    pass


@dataclass(frozen=True, slots=True)
class EndSpace:
    pass


@dataclass(frozen=True, slots=True)
class CancelSpace:
    pass


Command = (
    RaiseHand
    | LowerHand
    | LowerAllHands
    | InviteToStage
    | WithdrawInvitation
    | ComeOnStage
    | DeclineStage
    | StepDown
    | Leave
    | SetMic
    | MutePerson
    | MuteAll
    | TakeOffStage
    | RemovePerson
    | MakeCohost
    | DropCohost
    | PermitEntry
    | WithdrawEntry
    | ChangeSettings
    | StartSpace
    | EndSpace
    | CancelSpace
)


def decide(space: Space, by: Person, command: Command, moment: Moment) -> Events:
    """Give the events that *command* causes, none when it changes nothing; raise a Refusal when the rules say no."""
    match command:
        case RaiseHand():
            return stage.raise_hand(space, by, moment)
        case LowerHand(person):
            if person is None or person == by.id:
                return stage.lower_own_hand(space, by)
            return moderation.lower_hand_of(space, by, person)
        case LowerAllHands():
            return moderation.lower_all_hands(space, by)
        case InviteToStage(person):
            return moderation.invite(space, by, person)
        case WithdrawInvitation(person):
            return moderation.withdraw_invitation(space, by, person)
        case ComeOnStage(mic):
            return stage.come_on_stage(space, by, mic, moment)
        case DeclineStage():
            return stage.decline(space, by)
        case StepDown():
            return stage.step_down(space, by)
        case Leave():
            return stage.leave(space, by)
        case SetMic(mic):
            return stage.set_mic(space, by, mic)
        case MutePerson(person):
            return moderation.mute(space, by, person)
        case MuteAll():
            return moderation.mute_all(space, by)
        case TakeOffStage(person):
            return moderation.take_off_stage(space, by, person)
        case RemovePerson(person):
            return moderation.remove(space, by, person)
        case MakeCohost(person):
            return hosting.make_cohost(space, by, person)
        case DropCohost(person):
            return hosting.drop_cohost(space, by, person)
        case PermitEntry(person):
            return hosting.permit_entry(space, by, person)
        case WithdrawEntry(person):
            return hosting.withdraw_entry(space, by, person)
        case ChangeSettings(change):
            return hosting.change_settings(space, by, change)
        case StartSpace():
            return hosting.start(space, by, moment)
        case EndSpace():
            return hosting.end(space, by, moment.now)
        case CancelSpace():
            return hosting.cancel(space, by, moment.now)
