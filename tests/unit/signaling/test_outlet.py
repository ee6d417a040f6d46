"""The way out of a channel: one frame for all, and nobody waits for a slow reader."""

from __future__ import annotations

import json

import pytest
from tests.fakes.socket import FakeSocket, messages_in

from arengo.domain.identity import Person
from arengo.domain.ids import PersonId
from arengo.limits import Limits
from arengo.service.instance import Instance
from arengo.service.news import Crowd, GoingAway, MediaEnded, Over, Pulsed
from arengo.web.signaling.closing import GOING_AWAY, TOO_SLOW, Closing
from arengo.web.signaling.frames import Frames
from arengo.web.signaling.outlet import SocketOutlet
from arengo.web.signaling.sockets import frame_of

FRAMES = Frames(Instance())
ANN = Person(PersonId("2"), "Ann", "ann", "account", False)


def an_outlet(socket: FakeSocket, endings: list[Closing], *, most: int = 1000) -> SocketOutlet:
    return SocketOutlet(socket, FRAMES, Limits(channel_queue_bytes=most), endings.append)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_says_how_long_its_message_is(size: int) -> None:
    assert messages_in(2 * frame_of(b"x" * size)) == ["x" * size] * 2


def test_news_for_many_is_one_frame() -> None:
    sockets = [FakeSocket() for _ in range(1000)]
    news = Pulsed(Crowd(1000, 1000, (ANN,)), ())
    for socket in sockets:
        an_outlet(socket, []).tell(news)
    assert len({id(frame) for socket in sockets for frame in socket.frames}) == 1
    assert json.loads(sockets[0].heard[0])["audience"]["listeners"] == 1000


def test_a_reader_who_does_not_keep_up_is_closed_once_and_told_nothing_more() -> None:
    socket, endings = FakeSocket(stuck=True), list[Closing]()
    outlet = an_outlet(socket, endings)
    for number in range(100):
        outlet.tell(MediaEnded(f"session {number}", "silent"))
    assert endings == [TOO_SLOW]
    assert sum(map(len, socket.frames)) < 1100


def test_the_first_farewell_counts_and_answers_that_are_due_still_go_out() -> None:
    socket, endings = FakeSocket(), list[Closing]()
    outlet = an_outlet(socket, endings)
    outlet.close(GoingAway())
    outlet.close(Over())
    outlet.tell(MediaEnded("late", "silent"))
    outlet.say(frame_of(b"{}"))
    assert endings == [GOING_AWAY]
    assert socket.heard == ["{}"]
