"""News as WebSocket frames; what goes to many is encoded once and lives as long as the news does."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import msgspec

from arengo.service.instance import Instance
from arengo.service.news import MediaEnded, News, Noted, Pulsed, Told, Welcomed, Yours
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
        self._shared: WeakKeyDictionary[Told | Noted | Pulsed, bytes] = WeakKeyDictionary()

    def frame(self, news: News) -> bytes:
        """Give the frame of *news*, the same bytes for everybody to whom the same news goes."""
        match news:
            case Told() | Noted() | Pulsed():
                frame = self._shared.get(news)
                if frame is None:
                    frame = self._shared[news] = encode(_shared_message(news))
                return frame
            case Yours(space, person, voice):
                return encode(wire.YouMessage(you=present.you(space, person, voice)))
            case Welcomed():
                return encode(self._welcome(news))
            case MediaEnded(session, why):
                return encode(wire.MediaClosed(session=session, why=why))

    def _welcome(self, news: Welcomed) -> wire.Welcome:
        return wire.Welcome(
            you=present.you(news.space, news.person, news.voice),
            resume=news.resume,
            version=news.version,
            snapshot=present.snapshot(news.space, news.person, news.crowd, self._instance) if news.fresh else None,
        )


def _shared_message(news: Told | Noted | Pulsed) -> wire.FromServer:
    match news:
        case Told(version, event):
            return wire.EventMessage(n=version, event=present.event(event))
        case Noted(version):
            return wire.EventMessage(n=version, event=wire.Noted())
        case Pulsed(crowd, reactions):
            return wire.Pulse(
                audience=present.audience(crowd) if crowd is not None else None,
                reactions=[wire.Reaction(emoji=r.emoji, count=r.count, people=list(r.people)) for r in reactions],
            )
