"""Which role may do what in a space.

Rule 1: the table `PERMISSIONS` is the whole truth about who may ask for what.
Rule 2: nobody mutes, takes off or removes an equal or a higher; the host alone is above a co-host.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Role(Enum):
    """A participant's part in a space, as everybody sees it."""

    HOST = "host"
    COHOST = "cohost"
    SPEAKER = "speaker"
    LISTENER = "listener"

    @property
    def order(self) -> int:
        """Where the role stands on stage, host first."""
        return _ORDER[self]


class Standing(Enum):
    """A role with what circumstances add: a stand-in keeps the space, a guest has no account."""

    HOST = "host"
    STAND_IN = "stand_in"
    COHOST = "cohost"
    SPEAKER = "speaker"
    LISTENER = "listener"
    GUEST = "guest"

    @property
    def rank(self) -> int:
        return _RANK[self]

    def may(self, action: Action) -> bool:
        return self in PERMISSIONS[action]


class Action(Enum):
    """What one can ask for; the name goes into `facts.action` of a refusal."""

    REACT = "react"
    RAISE_HAND = "raise_hand"
    SPEAK = "speak"
    INVITE = "invite"
    LOWER_HANDS = "lower_hands"
    MUTE = "mute"
    TAKE_OFF = "take_off"
    REMOVE = "remove"
    CHANGE_SETTINGS = "change_settings"
    NAME_COHOST = "name_cohost"
    PERMIT_ENTRY = "permit_entry"
    START = "start"
    CANCEL = "cancel"
    END = "end"


_ORDER = {Role.HOST: 0, Role.COHOST: 1, Role.SPEAKER: 2, Role.LISTENER: 3}
_RANK = {
    Standing.HOST: 3,
    Standing.STAND_IN: 2,
    Standing.COHOST: 2,
    Standing.SPEAKER: 1,
    Standing.LISTENER: 1,
    Standing.GUEST: 0,
}

_ALL = frozenset(Standing)
_ACCOUNTS = _ALL - {Standing.GUEST}
_MODERATORS = frozenset({Standing.HOST, Standing.STAND_IN, Standing.COHOST})
_KEEPERS = frozenset({Standing.HOST, Standing.STAND_IN})
_HOST = frozenset({Standing.HOST})

PERMISSIONS: Mapping[Action, frozenset[Standing]] = {
    Action.REACT: _ALL,
    Action.RAISE_HAND: _ACCOUNTS,
    Action.SPEAK: _ACCOUNTS,
    Action.INVITE: _MODERATORS,
    Action.LOWER_HANDS: _MODERATORS,
    Action.MUTE: _MODERATORS,
    Action.TAKE_OFF: _MODERATORS,
    Action.REMOVE: _MODERATORS,
    Action.CHANGE_SETTINGS: _KEEPERS,
    Action.NAME_COHOST: _HOST,
    Action.PERMIT_ENTRY: _HOST,
    Action.START: _HOST,
    Action.CANCEL: _HOST,
    Action.END: _HOST,
}
