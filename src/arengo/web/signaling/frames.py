"""News as WebSocket frames; what goes to many is encoded once and lives as long as the news does."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import msgspec

from arengo.domain.identity import Person
from arengo.service.instance import Instance
from arengo.service.news import Crowd, Gathered, Loudness, MediaEnded, News, Noted, Pulsed, Told, Welcomed, Yours
from arengo.web.signaling import messages as wire
from arengo.web.signaling import present
from arengo.web.signaling.sockets import frame_of

_encoder = msgspec.json.Encoder()


def encode(message: wire.FromServer) -> bytes:
    return frame_of(_encoder.encode(message))


class Frames:
    """Puts the news of one server into frames."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._sample: tuple[tuple[Person, ...], list[wire.Person]] = ((), [])  # as it went out last
        self._shared: WeakKeyDictionary[Told | Noted | Gathered | Pulsed | Loudness, bytes] = WeakKeyDictionary()

    def frame(self, news: News) -> bytes:
        """Give the frame of *news*, the same bytes for everybody to whom the same news goes; gathered news is frames in a row."""
        match news:
            case Told() | Noted() | Gathered() | Pulsed() | Loudness():
                frame = self._shared.get(news)
                if frame is None:
                    frame = self._shared[news] = self._written(news)
                return frame
            case Yours(space, person, voice):
                return encode(wire.YouMessage(you=present.you(space, person, voice)))
            case Welcomed():
                return encode(self._welcome(news))
            case MediaEnded(session, why):
                return encode(wire.MediaClosed(session=session, why=why))

    def _written(self, news: Told | Noted | Gathered | Pulsed | Loudness) -> bytes:
        if isinstance(news, Gathered):
            return b"".join(map(self.frame, news.news))
        return encode(self._shared_message(news))

    def _welcome(self, news: Welcomed) -> wire.Welcome:
        return wire.Welcome(
            you=present.you(news.space, news.person, news.voice),
            resume=news.resume,
            version=news.version,
            snapshot=present.snapshot(news.space, news.person, self._audience(news.crowd), self._instance) if news.fresh else None,
        )

    def _audience(self, crowd: Crowd) -> wire.Audience:
        """The audience, with the same names as long as the same are named: those who come in a rush all get them."""
        if crowd.sample != self._sample[0]:
            self._sample = (crowd.sample, [present.person(who) for who in crowd.sample])
        return wire.Audience(listeners=crowd.listeners, guests=crowd.guests, sample=self._sample[1])

    def _shared_message(self, news: Told | Noted | Pulsed | Loudness) -> wire.FromServer:
        match news:
            case Told(version, event):
                return wire.EventMessage(n=version, event=present.event(event))
            case Noted(version):
                return wire.EventMessage(n=version, event=wire.Noted())
            case Pulsed(crowd, reactions, is_named):
                return wire.Pulse(
                    audience=self._audience(crowd) if crowd is not None and is_named else None,
                    count=wire.Count(listeners=crowd.listeners, guests=crowd.guests) if crowd is not None and not is_named else None,
                    reactions=[wire.Reaction(emoji=r.emoji, count=r.count, people=list(r.people)) for r in reactions],
                )
            case Loudness(voices):
                return wire.Loudness(voices=[wire.VoiceLoudness(voice=voice, dbov=dbov) for voice, dbov in voices])
