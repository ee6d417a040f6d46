"""What the service needs from the world, named for the need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from arengo.domain.errors import Unavailable
from arengo.domain.identity import Identity
from arengo.domain.ids import PersonId, SpaceId
from arengo.domain.lifecycle import State
from arengo.domain.space import Space

NodeId = NewType("NodeId", str)
PeerId = NewType("PeerId", int)


@dataclass(frozen=True, slots=True)
class SdpAnswer:
    """An answer to an SDP offer, as text."""

    sdp: str


@dataclass(frozen=True, slots=True)
class MediaLoad:
    """*busy*: the share of the last second in which the busiest media thread worked; *most_peers*: all places."""

    busy: float
    most_peers: int


@dataclass(frozen=True, slots=True)
class PeerConnected:
    peer: PeerId
    transport: str


@dataclass(frozen=True, slots=True)
class PeerPublishing:
    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerClosed:
    peer: PeerId
    why: str


@dataclass(frozen=True, slots=True)
class ActiveVoices:
    space: str
    voices: tuple[int, ...]  # dominant first


@dataclass(frozen=True, slots=True)
class LoudnessMeasured:
    """How loud the speech of each voice is, in dBov, of those of whom that is known."""

    space: str
    voices: tuple[tuple[int, int], ...]


MediaEvent = PeerConnected | PeerPublishing | PeerClosed | ActiveVoices | LoudnessMeasured


class MediaPlane(Protocol):
    """The sound, addressed by node from the start; never hears of hosts or raised hands.

    `accept_offer` refuses with codes `sdp_*`, or is Unavailable with `media_full` or `media_stopped`.
    What concerns an unknown peer or space is ignored.
    """

    async def accept_offer(
        self,
        node: NodeId,
        peer: PeerId,
        space: str,
        *,
        voice: int,
        offer: str,
        may_send: bool,
        may_receive: bool,
        requester: str,
    ) -> SdpAnswer: ...

    async def allow_publish(self, node: NodeId, peer: PeerId, allowed: bool) -> None: ...
    async def keep_prompt(self, node: NodeId, peer: PeerId, prompt: bool) -> None:
        """Have sound reach *peer* with the least delay, whatever the size of the audience, or let that go."""

    async def close_peer(self, node: NodeId, peer: PeerId, why: str) -> None: ...
    async def close_space(self, node: NodeId, space: str, why: str) -> None: ...
    async def tap(self, node: NodeId, space: str, peers: frozenset[PeerId]) -> None: ...
    async def load(self, node: NodeId) -> MediaLoad: ...
    def events(self) -> AsyncIterator[MediaEvent]: ...


class StaleSpace(Unavailable):
    """Somebody else has written the space; what is in memory is not the truth any more."""


class SpaceStore(Protocol):
    """Where spaces outlive the process; every method may be Unavailable."""

    async def create(self, space: Space) -> None:
        """Keep a new space."""

    async def find(self, space: SpaceId) -> Space | None:
        """Give the space as it was last saved; presence is not kept, everybody on stage is away."""

    async def find_for(self, space: SpaceId, reader: PersonId | None) -> Space | None:
        """Give the space as `find` does if it is public or remembers *reader*.

        A private space of other people takes the same steps as one that does not exist.
        """

    async def save(self, space: Space, *, changed: Collection[PersonId], over: Collection[int]) -> None:
        """Write *space* and its *changed* members in one transaction, over one of the versions *over*; StaleSpace otherwise.

        Who is among *changed* and no member is forgotten.
        """

    async def in_state(self, state: State, *, most: int) -> Sequence[Space]:
        """Give at most *most* spaces in *state*, what starts or started first at the front."""

    async def hosted_by(self, host: PersonId, state: State) -> int:
        """Count the spaces of *host* in *state*."""

    async def signing_key(self) -> bytes:
        """Give the secret with which resume tokens are signed, 32 bytes, made at the first call."""


class PeopleDirectory(Protocol):
    """Who is behind an id; accounts that are gone and guests who left are not found."""

    async def person(self, person_id: str) -> Identity | None: ...
    async def people(self, person_ids: Iterable[str]) -> Mapping[str, Identity]: ...
    async def is_banned(self, person_id: str) -> bool: ...
