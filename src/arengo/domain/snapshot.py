"""What of a space a given reader may see, in the order in which it is drawn."""

from __future__ import annotations

from arengo.domain.events import INVITATIONS, UNTOLD, Event, StageInvitationClosed, StageInvited
from arengo.domain.identity import Person
from arengo.domain.roles import Action
from arengo.domain.space import Member, Space


def stage_in_order(space: Space) -> tuple[Member, ...]:
    """Host first, then co-hosts, then speakers, each by their time on stage."""
    return tuple(sorted(space.on_stage(), key=lambda m: (space.role(m.person.id).order, m.on_stage_since, m.person.id)))


def sees_invitations(space: Space, reader: Person) -> bool:
    """Tell whether *reader* sees who has been asked to the stage."""
    return space.standing(reader).may(Action.INVITE)


def invited_seen_by(space: Space, reader: Person) -> tuple[Person, ...]:
    """All who are invited for a moderator, at most oneself for everybody else; by id."""
    everything = sees_invitations(space, reader)
    invited = (m.person for m in space.members.values() if m.invited_by is not None)
    return tuple(sorted((p for p in invited if everything or p.id == reader.id), key=lambda p: p.id))


def is_told(space: Space, event: Event, reader: Person) -> bool:
    """Tell whether *reader* learns what *event* says, or only its number."""
    if isinstance(event, UNTOLD):
        return False
    if isinstance(event, INVITATIONS):
        return sees_invitations(space, reader) or _concerns(event) == reader.id
    return True


def is_told_to_all(event: Event) -> bool:
    return not isinstance(event, UNTOLD + INVITATIONS)


def _concerns(event: Event) -> str | None:
    match event:
        case StageInvited(person, _):
            return person.id
        case StageInvitationClosed(person, _):
            return person
        case _:
            return None
