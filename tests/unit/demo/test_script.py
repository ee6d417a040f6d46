"""The conversation of the demo."""

from __future__ import annotations

from itertools import pairwise

from arengo.demo.director import load_talks
from arengo.demo.script import CHARACTERS, CONVERSATION, HOST, LINES, REST_S, Turn, cues, round_s
from arengo.web.signaling.messages import REACTIONS

DURATIONS = {recording: talk.duration_s for recording, talk in load_talks().items()}
LAID = cues(CONVERSATION, DURATIONS)


def test_every_line_has_a_recording_of_its_speaker_in_its_language() -> None:
    for line in LINES:
        lang, _, speaker = line.recording.split("-")
        assert (lang, speaker) == (line.lang, line.speaker)
        assert 4.0 <= DURATIONS[line.recording] <= 15.0


def test_people_of_both_languages_speak_and_only_listeners_react_and_raise_hands() -> None:
    part = {character.name: character.part for character in CHARACTERS}
    assert {line.lang for line in LINES} == {"en", "it"}
    assert part[HOST] == "host"
    assert all(part[line.speaker] in ("host", "speaker") for line in LINES)
    for turn in CONVERSATION:
        assert all(part[who] == "listener" and emoji in REACTIONS for who, emoji in turn.reactions)
        assert turn.hand is None or part[turn.hand] == "listener"


def test_nobody_speaks_over_their_own_voice() -> None:
    for name in {line.speaker for line in LINES}:
        own = [cue for cue in LAID if cue.turn.line.speaker == name]
        assert all(before.end_s <= after.start_s for before, after in pairwise(own))


def test_there_are_pauses_and_some_overlap() -> None:
    gaps = [after.start_s - before.end_s for before, after in pairwise(LAID)]
    assert sum(gap < 0 for gap in gaps) == 2
    assert sum(gap >= 0.5 for gap in gaps) == len(gaps) - 2


def test_an_interruption_begins_before_the_line_it_interrupts_has_ended() -> None:
    first, second = LINES[0], LINES[1]
    laid = cues([Turn(first, pause_s=0.0), Turn(second, pause_s=-2.0)], {first.recording: 5.0, second.recording: 1.0})
    assert [(cue.start_s, cue.end_s) for cue in laid] == [(0.0, 5.0), (3.0, 4.0)]
    assert round_s(laid) == 5.0 + REST_S
