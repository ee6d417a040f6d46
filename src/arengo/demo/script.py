"""Who says what, and when: the conversation of the demo space.

Rule 1: this file is data and the arithmetic of time; it knows nothing of sockets, clocks or files.
Rule 2: every line that is spoken stands here in words, and its recording in `voices/` is made from these words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Part = Literal["host", "speaker", "listener"]


@dataclass(frozen=True, slots=True)
class Character:
    """A sample person; *name* is the account's."""

    name: str
    display: str
    lang: str
    part: Part


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said, and the stem of the file in `voices/` that says it."""

    recording: str
    speaker: str
    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A line in the conversation; a negative pause begins it while the line before it still sounds."""

    line: Line
    pause_s: float = 0.9
    reactions: tuple[tuple[str, str], ...] = ()  # (who, emoji), while the line is said
    hand: str | None = None  # who raises a hand while the line is said, and lowers it after the next


@dataclass(frozen=True, slots=True)
class Cue:
    """When *turn* begins and ends, in seconds from the start of the round."""

    turn: Turn
    start_s: float
    end_s: float


CHARACTERS: Final = (
    Character("nora", "Nora Fielding", "en", "host"),
    Character("robert", "Robert Ames", "en", "speaker"),
    Character("alasdair", "Alasdair Muir", "en", "speaker"),
    Character("chiara", "Chiara Bandini", "it", "speaker"),
    Character("matteo", "Matteo Righi", "it", "speaker"),
    Character("lucia", "Lucia Fabbri", "it", "listener"),
    Character("sam", "Sam Okafor", "en", "listener"),
)
HOST: Final = "nora"

LIVE_TITLE: Final = "Who waters the trees?"
LIVE_TOPICS: Final = ("neighbours", "alberi")
SCHEDULED_HOST: Final = "chiara"
SCHEDULED_TITLE: Final = "L'acqua della fontana: una vasca per la piazza"
SCHEDULED_TOPICS: Final = ("acqua", "piazza")

_WELCOME = Line(
    "en-01-nora",
    "nora",
    "en",
    "Good evening, and welcome. I am Nora, and tonight we ask a plain question. "
    "Who looks after the trees of our town, and who waters them when July comes?",
)
_COUNT = Line(
    "en-02-robert",
    "robert",
    "en",
    "I count them. There are four hundred and twelve along the streets, and last summer we lost nineteen. "
    "Most of them were young, and nobody had been asked to carry a bucket.",
)
_LIST = Line(
    "en-03-alasdair",
    "alasdair",
    "en",
    "In my street we did it with a list on the baker's door. One name for each evening, two buckets for each tree. "
    "Not one of ours was lost.",
)
_FORGOT = Line("en-04-nora", "nora", "en", "A list on a door. And what happened, Alasdair, when somebody forgot their evening?")
_KNOCK = Line(
    "en-05-alasdair",
    "alasdair",
    "en",
    "Then the neighbour knocked. Nobody was angry. It is hard to be angry with a person who is holding a bucket.",
)
_BUCKETS = Line(
    "en-06-robert",
    "robert",
    "en",
    "I like that. The town could give the buckets and print the list, and leave the knocking to us.",
)
_OTHER_HALF = Line(
    "en-07-nora",
    "nora",
    "en",
    "Thank you both. Now let us hear the other half of the town. Chiara, what would you do?",
)
_SCHOOL = Line(
    "it-01-chiara",
    "chiara",
    "it",
    "Grazie, Nora. Buonasera a tutti. Da noi gli alberi li bagnano i bambini della scuola, "
    "il martedì e il venerdì, prima di andare in classe.",
)
_NAMES = Line(
    "it-02-matteo",
    "matteo",
    "it",
    "È vero, e ogni albero ha un nome. Mia figlia bagna un tiglio che si chiama Ernesto, e guai a chi lo tocca.",
)
_SUMMER = Line(
    "it-03-chiara",
    "chiara",
    "it",
    "D'estate però la scuola è chiusa. Per questo proponiamo un turno fra le famiglie, una settimana ciascuna, "
    "con un secchio davanti al portone.",
)
_FOUNTAIN = Line(
    "it-04-matteo",
    "matteo",
    "it",
    "E l'acqua? La fontana della piazza scorre giorno e notte. Basterebbe una vasca per raccoglierla, e non si sprecherebbe niente.",
)
_AGREED = Line(
    "it-05-chiara",
    "chiara",
    "it",
    "Allora facciamo così. Matteo chiede la vasca al comune, io scrivo la lista delle famiglie, e ci ritroviamo qui fra un mese.",
)
_CLOSE = Line(
    "en-08-nora",
    "nora",
    "en",
    "Then we have a list, a basin, and a month. Thank you, everybody. If you would like to speak, raise your hand.",
)

CONVERSATION: Final = (
    Turn(_WELCOME, pause_s=0.5),
    Turn(_COUNT),
    Turn(_LIST, pause_s=1.2, reactions=(("lucia", "👏"),)),
    Turn(_FORGOT, pause_s=0.7),
    Turn(_KNOCK, pause_s=0.8, reactions=(("sam", "😂"), ("lucia", "😂"))),
    Turn(_BUCKETS, pause_s=-1.2, reactions=(("sam", "👍"),)),
    Turn(_OTHER_HALF, pause_s=1.0, hand="lucia"),
    Turn(_SCHOOL, pause_s=1.1),
    Turn(_NAMES, pause_s=-1.4, reactions=(("lucia", "❤️"), ("sam", "❤️"))),
    Turn(_SUMMER, pause_s=1.0),
    Turn(_FOUNTAIN, pause_s=0.8, hand="sam"),
    Turn(_AGREED, pause_s=1.0, reactions=(("lucia", "🫒"), ("sam", "👏"))),
    Turn(_CLOSE, pause_s=0.9, reactions=(("lucia", "👏"),)),
)
LINES: Final = tuple(turn.line for turn in CONVERSATION)
REST_S: Final = 4.0  # between two rounds


def cues(turns: Sequence[Turn], durations_s: dict[str, float]) -> tuple[Cue, ...]:
    """Lay *turns* on a time line; *durations_s* says how long each recording lasts."""
    laid: list[Cue] = []
    end = 0.0
    for turn in turns:
        start = max(0.0, end + turn.pause_s)
        stop = start + durations_s[turn.line.recording]
        laid.append(Cue(turn, start, stop))
        end = max(end, stop)
    return tuple(laid)


def round_s(laid: Sequence[Cue]) -> float:
    """How long one round lasts, the rest after it included."""
    return max((cue.end_s for cue in laid), default=0.0) + REST_S
