"""What client and server say to each other on the space channel; all of it in one file, because it is one contract.

Source of truth for `protocol/messages.schema.json` and for the web client's types.
Prose, order and close codes: `protocol/signaling.md`.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Common settings of everything on the wire: immutable, fields by name."""


# ---- nouns ---------------------------------------------------------------------------

RoleName = Literal["host", "cohost", "speaker", "listener"]
WhoMaySpeak = Literal["everyone", "follows", "invited"]
Visibility = Literal["public", "private"]
SpaceStateName = Literal["scheduled", "live", "ended", "cancelled"]
Presence = Literal["here", "away"]
MicState = Literal["on", "off"]
MutedBy = Literal["self", "host"]


class Person(Wire, frozen=True, kw_only=True):
    """Somebody as others see them; *id* is a decimal account id, or `g` and a number for a guest."""

    id: str
    name: str  # display name
    handle: str | None = None  # account name, None for a guest
    kind: Literal["account", "guest"] = "account"
    bot: bool = False


class OnStage(Wire, frozen=True, kw_only=True):
    """One arch: a person on stage, in what role, heard or not."""

    person: Person
    role: RoleName
    voice: int  # the CSRC of their packets, 32 bits
    mic: MicState = "off"
    muted_by: MutedBy | None = None  # meaningful while mic is off
    presence: Presence = "here"
    since: str = ""  # RFC 3339, when they came on stage


class Hand(Wire, frozen=True, kw_only=True):
    """A raised hand; hands are listed oldest first."""

    person: Person
    since: str  # RFC 3339


class Audience(Wire, frozen=True, kw_only=True):
    """The square: how many listen, and some of them."""

    listeners: int  # people in the space who are not on stage, guests included
    guests: int
    sample: list[Person] = []  # at most 60, those longest here first


class Count(Wire, frozen=True, kw_only=True):
    """The numbers of an audience."""

    listeners: int
    guests: int


class SpaceFacts(Wire, frozen=True, kw_only=True):
    """What the space is, apart from who is in it."""

    id: str
    title: str
    url: str
    state: SpaceStateName
    visibility: Visibility
    who_may_speak: WhoMaySpeak
    guests_allowed: bool
    capacity: int  # places on stage, host and co-hosts included
    topics: list[str]
    lang: str | None
    host: Person
    stand_in: str | None = None  # id of the person who keeps the space while the host is away
    scheduled_start: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    end_reason: Literal["host", "operator", "nobody_spoke"] | None = None


class Snapshot(Wire, frozen=True, kw_only=True):
    """Everything a client needs to draw the space at *version*."""

    version: int
    space: SpaceFacts
    stage: list[OnStage]  # host first, then co-hosts, then speakers by time on stage
    hands: list[Hand]
    invited: list[Person]  # asked to the stage, have not answered, by id; whole for host and co-hosts, others see at most themselves
    audience: Audience


class You(Wire, frozen=True, kw_only=True):
    """What concerns the reader alone."""

    person: Person
    role: RoleName
    invited_by: Person | None = None  # an invitation to the stage waits for an answer
    may_speak_now: bool = False  # may come on stage without being asked
    hand_up: bool = False
    voice: int | None = None
    mic: MicState = "off"
    muted_by: MutedBy | None = None


# ---- events: numbered, in order, what was changed --------------------------------------


class Event(Wire, tag_field="kind", frozen=True, kw_only=True):
    """Base of all numbered events."""


class SpaceStarted(Event, tag="space_started", frozen=True, kw_only=True):
    at: str


class SpaceEnded(Event, tag="space_ended", frozen=True, kw_only=True):
    at: str
    reason: Literal["host", "operator", "nobody_spoke"]


class SpaceCancelled(Event, tag="space_cancelled", frozen=True, kw_only=True):
    at: str


class SettingsChanged(Event, tag="settings_changed", frozen=True, kw_only=True):
    """All settings after the change."""

    title: str
    topics: list[str]
    who_may_speak: WhoMaySpeak
    guests_allowed: bool
    capacity: int
    lang: str | None = None
    scheduled_start: str | None = None


class HandRaised(Event, tag="hand_raised", frozen=True, kw_only=True):
    hand: Hand


class HandLowered(Event, tag="hand_lowered", frozen=True, kw_only=True):
    person_id: str


class StageInvited(Event, tag="stage_invited", frozen=True, kw_only=True):
    """Sent to the invited person, the host and co-hosts; others see the number pass as `noted`."""

    person: Person
    by: Person


class StageInvitationClosed(Event, tag="stage_invitation_closed", frozen=True, kw_only=True):
    """Sent to those who were told of the invitation."""

    person_id: str
    why: Literal["accepted", "declined", "withdrawn"]


class Noted(Event, tag="noted", frozen=True, kw_only=True):
    """An event that the reader may not see; it keeps the numbers without a gap."""


class CameOnStage(Event, tag="came_on_stage", frozen=True, kw_only=True):
    entry: OnStage


class LeftStage(Event, tag="left_stage", frozen=True, kw_only=True):
    person_id: str
    why: Literal["stepped_down", "taken_off", "left", "removed", "banned"]


class RoleChanged(Event, tag="role_changed", frozen=True, kw_only=True):
    """A person on stage changed role without leaving it."""

    person_id: str
    role: RoleName


class MicChanged(Event, tag="mic_changed", frozen=True, kw_only=True):
    person_id: str
    mic: MicState
    muted_by: MutedBy | None = None


class PresenceChanged(Event, tag="presence_changed", frozen=True, kw_only=True):
    """Somebody on stage lost or regained their connection; the place is kept."""

    person_id: str
    presence: Presence


class PersonRemoved(Event, tag="person_removed", frozen=True, kw_only=True):
    person_id: str


class StandInChanged(Event, tag="stand_in_changed", frozen=True, kw_only=True):
    """Who keeps the space while the host is away; None when the host is back."""

    person_id: str | None


AnyEvent = (
    SpaceStarted
    | SpaceEnded
    | SpaceCancelled
    | SettingsChanged
    | HandRaised
    | HandLowered
    | StageInvited
    | StageInvitationClosed
    | Noted
    | CameOnStage
    | LeftStage
    | RoleChanged
    | MicChanged
    | PresenceChanged
    | PersonRemoved
    | StandInChanged
)


# ---- commands: what a participant asks -------------------------------------------------


class Command(Wire, tag_field="kind", frozen=True, kw_only=True):
    """Base of all commands."""


class RaiseHand(Command, tag="raise_hand", frozen=True, kw_only=True):
    pass


class LowerHand(Command, tag="lower_hand", frozen=True, kw_only=True):
    """One's own hand, or another's on the word of host or co-host."""

    person_id: str | None = None


class LowerAllHands(Command, tag="lower_all_hands", frozen=True, kw_only=True):
    pass


class InviteToStage(Command, tag="invite_to_stage", frozen=True, kw_only=True):
    """Permit and invite; the person's own act brings them up."""

    person_id: str


class WithdrawInvitation(Command, tag="withdraw_invitation", frozen=True, kw_only=True):
    person_id: str


class ComeOnStage(Command, tag="come_on_stage", frozen=True, kw_only=True):
    """Accept an invitation, or simply come where everyone may speak; *mic* opens it at once."""

    mic: MicState = "on"


class DeclineStage(Command, tag="decline_stage", frozen=True, kw_only=True):
    pass


class StepDown(Command, tag="step_down", frozen=True, kw_only=True):
    pass


class SetMic(Command, tag="set_mic", frozen=True, kw_only=True):
    """One's own microphone."""

    mic: MicState


class MutePerson(Command, tag="mute_person", frozen=True, kw_only=True):
    person_id: str


class MuteAll(Command, tag="mute_all", frozen=True, kw_only=True):
    """Everybody on stage but the one who asks and the host."""


class TakeOffStage(Command, tag="take_off_stage", frozen=True, kw_only=True):
    person_id: str


class RemovePerson(Command, tag="remove_person", frozen=True, kw_only=True):
    """Out of the space, without return."""

    person_id: str


class MakeCohost(Command, tag="make_cohost", frozen=True, kw_only=True):
    person_id: str


class DropCohost(Command, tag="drop_cohost", frozen=True, kw_only=True):
    person_id: str


class ChangeSettings(Command, tag="change_settings", frozen=True, kw_only=True):
    """Only what is given changes."""

    title: str | None = None
    topics: list[str] | None = None
    who_may_speak: WhoMaySpeak | None = None
    guests_allowed: bool | None = None


class React(Command, tag="react", frozen=True, kw_only=True):
    emoji: str  # one of REACTIONS


class StartSpace(Command, tag="start_space", frozen=True, kw_only=True):
    pass


class EndSpace(Command, tag="end_space", frozen=True, kw_only=True):
    pass


AnyCommand = (
    RaiseHand
    | LowerHand
    | LowerAllHands
    | InviteToStage
    | WithdrawInvitation
    | ComeOnStage
    | DeclineStage
    | StepDown
    | SetMic
    | MutePerson
    | MuteAll
    | TakeOffStage
    | RemovePerson
    | MakeCohost
    | DropCohost
    | ChangeSettings
    | React
    | StartSpace
    | EndSpace
)

REACTIONS: tuple[str, ...] = ("❤️", "👏", "😂", "🫒", "✋", "👍", "🔥", "🤔")


# ---- messages --------------------------------------------------------------------------


class Resume(Wire, frozen=True, kw_only=True):
    token: str
    version: int


class Hello(Wire, tag_field="type", tag="hello", frozen=True, kw_only=True):
    resume: Resume | None = None
    shown: bool = True  # False: listen without being shown in the square


class Do(Wire, tag_field="type", tag="do", frozen=True, kw_only=True):
    id: int
    command: AnyCommand


class Leave(Wire, tag_field="type", tag="leave", frozen=True, kw_only=True):
    """Go for good: the place on stage is given up at once."""


class Ping(Wire, tag_field="type", tag="ping", frozen=True, kw_only=True):
    id: int


class Pong(Wire, tag_field="type", tag="pong", frozen=True, kw_only=True):
    id: int


FromClient = Hello | Do | Leave | Ping | Pong


class Welcome(Wire, tag_field="type", tag="welcome", frozen=True, kw_only=True):
    """The beginning; comes again, with a snapshot that replaces everything, when the reader may see more or less than before."""

    you: You
    resume: str  # token for `hello.resume` and the `Arengo-Resume` header
    version: int  # of the snapshot, or the last that the reader has seen
    snapshot: Snapshot | None


class EventMessage(Wire, tag_field="type", tag="event", frozen=True, kw_only=True):
    n: int  # the version of the space once this is applied
    event: AnyEvent


class Reaction(Wire, frozen=True, kw_only=True):
    emoji: str
    count: int
    people: list[str] = []  # ids, at most 8


class Pulse(Wire, tag_field="type", tag="pulse", frozen=True, kw_only=True):
    """What is gathered rather than told one by one; absent parts did not change."""

    audience: Audience | None = None
    count: Count | None = None  # where the same people are named as before
    reactions: list[Reaction] = []


class VoiceLoudness(Wire, frozen=True, kw_only=True):
    voice: int
    dbov: int  # 0 loudest, -127 silence


class Loudness(Wire, tag_field="type", tag="loudness", frozen=True, kw_only=True):
    """How loud the speech of these voices is; players bring all voices to one loudness by it."""

    voices: list[VoiceLoudness]


class YouMessage(Wire, tag_field="type", tag="you", frozen=True, kw_only=True):
    you: You


class MediaClosed(Wire, tag_field="type", tag="media_closed", frozen=True, kw_only=True):
    """The server closed the reader's media session; join again unless *why* forbids it."""

    session: str
    why: Literal["replaced", "silent", "removed", "banned", "signed_out", "ended", "server"]


class Done(Wire, tag_field="type", tag="done", frozen=True, kw_only=True):
    id: int
    version: int


class Refused(Wire, tag_field="type", tag="refused", frozen=True, kw_only=True):
    id: int
    code: str  # stable, see docs/errors.md
    detail: str  # one sentence in English; clients translate by code and facts
    facts: dict[str, str | int | bool | None] = {}
    retry_after: float | None = None  # seconds


FromServer = Welcome | EventMessage | Pulse | Loudness | YouMessage | MediaClosed | Done | Refused | Ping | Pong
