"""Counting frames and bytes before they are parsed."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from arengo.limits import Limits
from arengo.web.signaling.frame_meter import FrameMeter

LIMITS = Limits(channel_frames=50, channel_bytes=100_000, channel_messages_s=10.0)

sizes = st.sampled_from([0, 1, 125, 126, 127, 300])


@settings(deadline=None)
@example(sent=[66_000, 0, 65_535, 0], cut=1000, most=3)
@example(sent=[66_000, 0, 65_535, 0], cut=1000, most=4)
@given(sent=st.lists(sizes, max_size=40), cut=st.integers(1, 5_000), most=st.integers(1, 40))
def test_as_many_frames_pass_as_may_whatever_they_hold_and_however_they_are_cut(sent: list[int], cut: int, most: int) -> None:
    meter = FrameMeter(Limits(channel_frames=most, channel_bytes=10**9))
    data = b"".join(Frame(Opcode.CONT, bytes(size), fin=False).serialize(mask=True) for size in sent)

    taken = [meter.takes(data[at : at + cut], now=0.0) for at in range(0, len(data), cut)]

    assert all(taken) is (len(sent) <= most)


def test_an_empty_frame_counts_as_much_as_a_full_one() -> None:
    meter = FrameMeter(LIMITS)
    pong = Frame(Opcode.PONG, b"").serialize(mask=True)

    assert meter.takes(pong * 50, now=0.0)
    assert not meter.takes(pong, now=0.0)


def test_a_flood_is_counted_no_further_than_it_has_to_be() -> None:
    meter = FrameMeter(LIMITS)

    assert not meter.takes(Frame(Opcode.PING, b"").serialize(mask=True) * 2_000, now=0.0)


def test_bytes_of_one_long_frame_count() -> None:
    meter = FrameMeter(LIMITS)

    assert not meter.takes(Frame(Opcode.TEXT, b"x" * 100_000).serialize(mask=True), now=0.0)


def test_whoever_was_at_the_limit_may_go_on_later() -> None:
    meter = FrameMeter(LIMITS)
    ping = Frame(Opcode.PING, b"").serialize(mask=True)
    assert meter.takes(ping * 50, now=0.0)

    assert meter.takes(ping * 5, now=1.0)
    assert not meter.takes(ping, now=1.0)
