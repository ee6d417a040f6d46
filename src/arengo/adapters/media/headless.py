"""A participant without a browser: speaks by WHIP and hears by WHEP, with sockets of its own (RFC 9725)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

from arengo.domain.errors import ArengoError, Refusal, Unavailable
from arengo.media import Client
from arengo.media.ogg import NotOggOpus, levels_of, packet_samples, read_ogg_opus, write_ogg_opus

CONNECT_WITHIN_S: Final = 10.0
_HANG_UP_WITHIN_S: Final = 1.0
_SDP: Final = "application/sdp"
_PACKET_SAMPLES: Final = 960  # 20 ms, what the client sends at a time
_MOST_AT_ONCE: Final = 256
_SILENCE: Final = b"\xf8\xff\xfe"  # a frame of 20 ms
_LONGEST_PAUSE: Final = 30_000  # packets: ten minutes; a longer one is written as this


@dataclass(frozen=True, slots=True)
class Talk:
    """Opus packets of 20 ms with the level of each, in dBov: 0 loudest, -127 silence."""

    packets: tuple[bytes, ...]
    levels: tuple[int, ...]

    @property
    def duration_s(self) -> float:
        return len(self.packets) * 0.02


@dataclass(frozen=True, slots=True)
class HeardPacket:
    """One received Opus packet, and whose voice it is by its CSRC."""

    line: int
    voice: int
    timestamp: int
    number: int
    opus: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the packets that were sent to us; recovered ones were taken from copies."""

    lost: int = 0
    recovered: int = 0
    played: int = 0


class SoundLost(ArengoError):
    """The sound could not be connected, or went away."""

    code = "sound_lost"


def load_talk(path: Path) -> Talk:
    """Read an Ogg Opus file; Refusal `not_ogg_opus` where it is none, or its packets do not last 20 ms."""
    try:
        talk = read_ogg_opus(path.read_bytes())
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.", code="file_unreadable") from error
    except NotOggOpus as error:
        raise Refusal(f"{path} is no Ogg Opus file: {error}.", code="not_ogg_opus") from error
    if any(packet_samples(packet) != _PACKET_SAMPLES for packet in talk.packets):
        raise Refusal(f"{path} has packets that do not last 20 ms; `opusenc --framesize 20` makes such.", code="not_ogg_opus")
    return Talk(talk.packets, tuple(-level for level in levels_of(talk)))


def save_heard(path: Path, heard: Sequence[HeardPacket]) -> float:
    """Write what one line heard as Ogg Opus, pauses included; how many seconds it lasts. OSError where it cannot."""
    packets = laid_out(heard)
    path.write_bytes(write_ogg_opus(packets, serial=1, tags={"TITLE": "Heard by arengo listen"}))
    return sum(packet_samples(packet) for packet in packets) / 48_000


def laid_out(heard: Sequence[HeardPacket]) -> list[bytes]:
    """The packets of one line by their time, once each, and frames of silence where there was none for a while.

    RTP time stamps have 32 bits and wrap; each is read as the nearest to the one before it.
    """
    by_time: dict[int, bytes] = {}
    time = 0
    for packet in heard:
        step = (packet.timestamp - time) & 0xFFFF_FFFF
        time += step - 0x1_0000_0000 if step & 0x8000_0000 and by_time else step
        by_time.setdefault(time, packet.opus)
    laid: list[bytes] = []
    due: int | None = None
    for time in sorted(by_time):
        if due is not None and time > due:
            laid += [_SILENCE] * min((time - due) // _PACKET_SAMPLES, _LONGEST_PAUSE)
        laid.append(by_time[time])
        due = time + packet_samples(by_time[time])
    return laid


class Sound:
    """A connected session: one voice that goes out, or lines that come in."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stirred = asyncio.Event()

    async def say(self, talk: Talk) -> None:
        """Send all of *talk* at its pace and return when the last packet is out; SoundLost when the session ends."""
        self.begin(talk)
        await self.finished()

    def begin(self, talk: Talk) -> None:
        """Queue *talk* behind what is being said."""
        self._client.send_opus(talk.packets, talk.levels)

    async def finished(self) -> None:
        """Return when nothing waits to be sent; SoundLost when the session has ended, which also empties what waits."""
        self._check()
        while waiting := self._client.queued():
            await asyncio.sleep(min(0.5, waiting * 0.02))
            self._check()

    def hush(self) -> None:
        """Stop talking now."""
        self._client.clear()

    async def heard(self) -> list[HeardPacket]:
        """The packets that came since the last call, at least one; SoundLost when the session ends."""
        while True:
            packets = self._client.received(_MOST_AT_ONCE)
            if packets:
                return [HeardPacket(*packet) for packet in packets]
            self._check()
            await self._stir()

    def tally(self) -> Tally:
        """What was lost and recovered so far."""
        return Tally(*self._client.tally())

    async def ended(self) -> None:
        """Return when the session has ended, by whomever."""
        while self._state() == "connected":
            await self._stir()

    async def _connected(self) -> None:
        while (state := self._state()) != "connected":
            if state in ("failed", "closed"):
                raise SoundLost("No way was found to send sound to the server; is its media port reachable?")
            await self._stir()

    def _state(self) -> str:
        """The state, read after the packets: taking those takes the word that the state has changed as well."""
        self._client.received(_MOST_AT_ONCE)
        return self._client.state()

    async def _stir(self) -> None:
        """Wait until the client has something to say."""
        self._stirred.clear()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._client.fileno(), self._stirred.set)
        try:
            await self._stirred.wait()
        finally:
            loop.remove_reader(self._client.fileno())

    def _check(self) -> None:
        if self._client.state() != "connected":
            raise SoundLost("The sound session has ended.")


@asynccontextmanager
async def speaking(http: httpx.AsyncClient, space: str, *, copies: int = 0) -> AsyncIterator[Sound]:
    """Publish to the space whose API address is *space*; *http* carries the token.

    Each packet carries *copies* of those before it, at most four, for a network that loses packets.

    Raises the server's refusal with its own code, Unavailable, SoundLost.
    """
    async with _session(http, f"{space}/whip", Client(send=True, receive_lines=0, red=copies or None, nack=True)) as sound:
        yield sound


@asynccontextmanager
async def hearing(http: httpx.AsyncClient, space: str, *, lines: int = 1) -> AsyncIterator[Sound]:
    """Hear the space whose API address is *space*: the dominant speaker by one line, the loudest three by three."""
    async with _session(http, f"{space}/whep", Client(send=False, receive_lines=lines, red=0)) as sound:
        yield sound


@asynccontextmanager
async def _session(http: httpx.AsyncClient, url: str, client: Client) -> AsyncIterator[Sound]:
    sound = Sound(client)
    resource: str | None = None
    try:
        response = await http.post(url, content=client.offer(), headers={"content-type": _SDP, "accept": _SDP})
        if response.status_code != httpx.codes.CREATED:
            raise refusal_of(response)
        location = response.headers.get("location")
        resource = urljoin(str(response.url), location) if location else None
        try:
            client.answer(response.text)
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await sound._connected()
        except ValueError as error:
            raise SoundLost(f"The server's answer makes no sense: {error}.") from error
        except TimeoutError as error:
            raise SoundLost(f"The sound did not connect within {CONNECT_WITHIN_S:.0f} s.") from error
        yield sound
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} does not answer: {error}.") from error
    finally:
        if resource is not None:
            with suppress(httpx.HTTPError):
                await http.delete(resource, timeout=_HANG_UP_WITHIN_S)
        client.close()


def refusal_of(response: httpx.Response) -> ArengoError:
    """The problem that the server told (RFC 9457), as the error that it is here."""
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "unavailable", f"The server answered {response.status_code}."
    if response.status_code >= 500:
        return Unavailable(detail, code=code)
    return Refusal(detail, code=code, facts={"status": response.status_code})
