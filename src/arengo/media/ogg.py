"""Opus in Ogg files: packets out of a file, and a file out of packets (RFC 3533, RFC 7845).

Rule 1: bytes in, bytes out; no file is opened and no clock is read here.
Rule 2: a file that is not what it says raises `NotOggOpus` with a sentence, never anything else.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SAMPLE_RATE: Final = 48_000  # Opus in Ogg counts at 48 kHz whatever was recorded
LEVELS_TAG: Final = "ARENGO_LEVELS"
SILENCE_LEVEL: Final = 127

_PAGE_HEADER: Final = struct.Struct("<4sBBqIIIB")
_ID_HEADER: Final = struct.Struct("<8sBBHIhB")
_CONTINUED, _FIRST, _LAST = 0x01, 0x02, 0x04
_MOST_TAGS: Final = 1_000
# The part that the encoder adds before the first sample; libopus says 312 at 48 kHz, decoders drop it.
_PRE_SKIP: Final = 312
_PACKETS_A_PAGE: Final = 50  # one second


class NotOggOpus(ValueError):
    """The bytes are no Ogg Opus file that can be played; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class OpusTalk:
    """The packets of one Ogg Opus stream, in order, with what its headers say."""

    packets: tuple[bytes, ...]
    channels: int
    pre_skip: int  # samples at 48 kHz
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        return sum(packet_samples(packet) for packet in self.packets) / SAMPLE_RATE


# ---- reading ---------------------------------------------------------------------------


def read_ogg_opus(data: bytes) -> OpusTalk:
    """Take the packets of the first Opus stream out of *data*.

    Pages whose checksum is wrong are refused, since a torn file is better told than played.
    Raises NotOggOpus.
    """
    packets = _packets(data)
    try:
        channels, pre_skip = _parse_id_header(next(packets))
        tags = _parse_tags(next(packets))
    except StopIteration:
        raise NotOggOpus("the file ends before its Opus headers do") from None
    talk = tuple(packet for packet in packets if packet)
    for packet in talk:
        packet_samples(packet)
    return OpusTalk(talk, channels, pre_skip, tags)


def _packets(data: bytes) -> Iterator[bytes]:
    """Yield the packets of the first logical stream; other streams that are mixed in are passed over."""
    stream: int | None = None
    unfinished = bytearray()
    for serial, flags, lacing, body in _pages(data):
        if stream is None:
            if not flags & _FIRST:
                raise NotOggOpus("the first page does not begin a stream")
            stream = serial
        if serial != stream:
            continue
        if not flags & _CONTINUED:
            unfinished.clear()
        at = 0
        for size in lacing:
            unfinished += body[at : at + size]
            at += size
            if size < 255:
                yield bytes(unfinished)
                unfinished.clear()
        if flags & _LAST:
            return


def _pages(data: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield (serial, flags, lacing values, body) of each page."""
    at = 0
    while at < len(data):
        if len(data) - at < _PAGE_HEADER.size:
            raise NotOggOpus("the file ends inside a page header")
        magic, version, flags, _granule, serial, _number, checksum, segments = _PAGE_HEADER.unpack_from(data, at)
        if magic != b"OggS" or version != 0:
            raise NotOggOpus("this is not an Ogg file" if at == 0 else f"no page begins at byte {at}")
        lacing = data[at + _PAGE_HEADER.size : at + _PAGE_HEADER.size + segments]
        start = at + _PAGE_HEADER.size + segments
        end = start + sum(lacing)
        if len(lacing) < segments or end > len(data):
            raise NotOggOpus("the file ends inside a page")
        page = bytearray(data[at:end])
        page[22:26] = bytes(4)
        if _crc(page) != checksum:
            raise NotOggOpus(f"the page at byte {at} is damaged")
        yield serial, flags, lacing, data[start:end]
        at = end


def _parse_id_header(packet: bytes) -> tuple[int, int]:
    """Channels and pre-skip of the identification header (RFC 7845, section 5.1)."""
    if len(packet) < _ID_HEADER.size or packet[:8] != b"OpusHead":
        raise NotOggOpus("the stream is not Opus")
    _magic, version, channels, pre_skip, _rate, _gain, mapping = _ID_HEADER.unpack_from(packet)
    if version & 0xF0:
        raise NotOggOpus(f"version {version} of the Opus header is not known")
    if mapping != 0 or channels not in (1, 2):
        raise NotOggOpus("only mono and stereo can be sent")
    return channels, pre_skip


def _parse_tags(packet: bytes) -> dict[str, str]:
    """Comments by upper-case name, the first of each (RFC 7845, section 5.2)."""
    if packet[:8] != b"OpusTags":
        raise NotOggOpus("the stream has no Opus comments")
    tags: dict[str, str] = {}
    try:
        at = 8 + 4 + struct.unpack_from("<I", packet, 8)[0]
        (count,) = struct.unpack_from("<I", packet, at)
        at += 4
        for _ in range(min(count, _MOST_TAGS)):
            (size,) = struct.unpack_from("<I", packet, at)
            name, _, value = packet[at + 4 : at + 4 + size].decode("utf-8", "replace").partition("=")
            tags.setdefault(name.upper(), value)
            at += 4 + size
    except struct.error:
        raise NotOggOpus("the Opus comments are cut off") from None
    return tags


# ---- writing ---------------------------------------------------------------------------


def write_ogg_opus(
    packets: Iterable[bytes],
    *,
    serial: int,
    channels: int = 1,
    pre_skip: int = _PRE_SKIP,
    tags: Mapping[str, str] | None = None,
    vendor: str = "arengo",
) -> bytes:
    """Make an Ogg Opus file of *packets*, a page a second; an empty packet is left out as if it had been lost."""
    kept = [packet for packet in packets if packet]
    head = _ID_HEADER.pack(b"OpusHead", 1, channels, pre_skip, SAMPLE_RATE, 0, 0)
    comments = [f"{name}={value}".encode() for name, value in (tags or {}).items()]
    name = vendor.encode()
    body = struct.pack("<8sI", b"OpusTags", len(name)) + name + struct.pack("<I", len(comments))
    body += b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)

    out = bytearray()
    number = 0
    for flags, header in ((_FIRST, head), (0, body)):
        for page in _pages_of([header], serial=serial, number=number, granule=0, flags=flags):
            out += page
            number += 1
    granule = 0
    for start in range(0, max(len(kept), 1), _PACKETS_A_PAGE):
        second = kept[start : start + _PACKETS_A_PAGE]
        granule += sum(packet_samples(packet) for packet in second)
        last = start + _PACKETS_A_PAGE >= len(kept)
        for page in _pages_of(second, serial=serial, number=number, granule=granule, flags=_LAST if last else 0):
            out += page
            number += 1
    return bytes(out)


def _pages_of(packets: Sequence[bytes], *, serial: int, number: int, granule: int, flags: int) -> Iterator[bytes]:
    """Lay *packets* on as few pages as hold them; *granule* is the position after the last of them."""
    lacing = bytearray()
    for packet in packets:
        lacing += bytes([255]) * (len(packet) // 255) + bytes([len(packet) % 255])
    body = b"".join(packets)
    pieces = [bytes(lacing[at : at + 255]) for at in range(0, len(lacing), 255)] or [b""]
    at = 0
    for index, piece in enumerate(pieces):
        is_last = index == len(pieces) - 1
        page_flags = flags & _FIRST if index == 0 else 0
        if index > 0 and pieces[index - 1][-1] == 255:
            page_flags |= _CONTINUED
        if is_last:
            page_flags |= flags & _LAST
        # A page on which no packet ends has no position: -1 (RFC 3533, section 6).
        position = granule if is_last else -1
        size = sum(piece)
        header = _PAGE_HEADER.pack(b"OggS", 0, page_flags, position, serial, number + index, 0, len(piece))
        page = bytearray(header + piece + body[at : at + size])
        page[22:26] = struct.pack("<I", _crc(page))
        at += size
        yield bytes(page)


# ---- packets and levels ----------------------------------------------------------------


def packet_samples(packet: bytes) -> int:
    """How long *packet* lasts, in samples at 48 kHz, by its first byte (RFC 6716, section 3.1)."""
    if not packet:
        return 0
    config = packet[0] >> 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    match packet[0] & 3:
        case 0:
            count = 1
        case 1 | 2:
            count = 2
        case _:
            if len(packet) < 2:
                raise NotOggOpus("an Opus packet is cut off")
            count = packet[1] & 0x3F
    samples = frame * count
    if not 0 < samples <= 5760:
        raise NotOggOpus("an Opus packet lasts longer than 120 ms")
    return samples


def encode_levels(levels: Iterable[int]) -> str:
    """Levels (0 loudest, 127 silence) as the text of the ARENGO_LEVELS comment."""
    return base64.b64encode(bytes(levels)).decode()


def levels_of(talk: OpusTalk) -> tuple[int, ...]:
    """The RFC 6464 level of each packet: what the file's ARENGO_LEVELS says, else an estimate.

    The estimate reads the size of the packets alone: speech coded at a variable rate takes more bytes where it is
    louder. The largest twentieth of the file counts as -20 dBov, each halving as 10 dB less, and packets of at most
    two bytes are silence. It tells speech from pauses; it does not measure.
    """
    told = talk.tags.get(LEVELS_TAG)
    if told is not None:
        try:
            levels = base64.b64decode(told, validate=True)
        except (binascii.Error, ValueError):
            levels = b""
        if len(levels) == len(talk.packets) and all(level <= SILENCE_LEVEL for level in levels):
            return tuple(levels)
    sizes = sorted(len(packet) for packet in talk.packets)
    if not sizes:
        return ()
    loud = sizes[int(len(sizes) * 0.95)]
    return tuple(_level_by_size(len(packet), loud) for packet in talk.packets)


def _level_by_size(size: int, loud: int) -> int:
    if size <= 2:
        return SILENCE_LEVEL
    level = 20
    while size * 2 <= loud and level < 90:
        level += 10
        size *= 2
    return level


# ---- checksum --------------------------------------------------------------------------


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


_TABLE: Final = _crc_table()


def _crc(page: bytes | bytearray) -> int:
    """Checksum of a page: polynomial 0x04C11DB7, not reflected, from zero (RFC 3533, section 6)."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value
