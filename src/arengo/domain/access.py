"""Who may know of a space, and who may be in it.

Rule 1: a private space does not exist for those whom the host has not let in, through any door.
Rule 2: who was removed never returns; who is banned is nowhere.
"""

from __future__ import annotations

from arengo.domain import refusals
from arengo.domain.errors import Refusal
from arengo.domain.identity import Person
from arengo.domain.settings import Visibility
from arengo.domain.space import Space


def may_see(space: Space, person: Person | None) -> bool:
    """Tell whether *person* (None: anybody) may know that the space exists."""
    if space.settings.visibility is Visibility.PUBLIC:
        return True
    if person is None or person.is_guest:
        return False
    if person.id == space.host.id:
        return True
    member = space.member(person)
    return not member.is_removed and (member.may_enter or member.is_cohost or member.may_speak or member.is_on_stage)


def require_sight(space: Space, person: Person | None) -> None:
    """Refuse with `no_such_space` who may not know of it."""
    if not may_see(space, person):
        raise refusals.no_such_space()


def require_entry(space: Space, person: Person, *, banned: bool = False) -> None:
    """Refuse who may see the space but not be in it."""
    if banned:
        raise refusals.banned()
    require_sight(space, person)
    refusal = reason_to_leave(space, person)
    if refusal is not None:
        raise refusal


def reason_to_leave(space: Space, person: Person) -> Refusal | None:
    """Say why *person*, who was let in once, may not stay, or None."""
    if space.member(person).is_removed:
        return refusals.removed()
    if not may_see(space, person):
        return refusals.private()
    if person.is_guest and not space.settings.guests_allowed:
        return refusals.guests_forbidden()
    return None
