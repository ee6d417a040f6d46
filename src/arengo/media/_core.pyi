"""The compiled media core: sync, batched, never blocking for longer than an SDP takes to parse.

Packets never enter Python, except finished batches for recording. Threads of the core never attach to Python.
Numbers for peers and spaces are chosen by the caller and never used twice.
"""

from collections.abc import Sequence
from typing import final

class SdpRefused(Exception):
    """The offer cannot be answered: *args* are (code, detail).

    Codes: `sdp_malformed`, `sdp_video_refused`, `sdp_no_audio`, `sdp_no_opus`, `sdp_no_fingerprint`,
    `sdp_no_ice`, `sdp_too_large`, `sdp_too_many_lines`, `sdp_not_bundled`.
    """

class MediaUnavailable(Exception):
    """The core cannot take the peer now: *args* are (code, detail). Codes: `media_full`, `media_stopped`."""

@final
class Core:
    def __init__(
        self,
        *,
        udp_port: int,  # 0: any free one
        tcp_port: int | None,  # None: no ICE-TCP
        public_ips: Sequence[str] = (),
        bind: str | None = None,  # None: every address, both families where the kernel has them
        max_peers: int = 20_000,
        idle_timeout_s: float = 30.0,
        shards: int | None = None,  # media threads, 1 to 64; None: one for each core, up to four
        merge_from: int | None = 300,  # audiences of so many on one thread get packets of 60 ms; None: none ever does, 0: every one
        levels: bool = False,  # whether `levels` are told: ten times a second they wake up whoever waits for events
    ) -> None:
        """Open the sockets and start the threads; OSError when a port is taken, ValueError for shards out of range."""

    @property
    def udp_port(self) -> int: ...
    @property
    def tcp_port(self) -> int | None: ...
    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as in `a=fingerprint`."""

    def accept_offer(
        self,
        *,
        peer: int,
        space: int,
        voice: int,
        offer: str,
        may_send: bool,
        may_receive: bool,
        requester: str,
        max_slots: int = 3,
    ) -> str:
        """Answer *offer* and make the peer; nothing of it is heard until `allow_publish`.

        *voice*: 32 bits, not 0; the CSRC under which others receive this peer.
        *may_send* False answers sending lines `inactive`; *may_receive* False likewise (WHIP: a `sendrecv` line becomes `recvonly`).
        *requester*: IP address of who asked; private host candidates are only told to private addresses.
        Raises SdpRefused, MediaUnavailable.
        """

    def allow_publish(self, peer: int, allowed: bool) -> None:
        """Let the voice of *peer* through, or end it at once with three frames of silence. Unknown peers are ignored."""

    def keep_prompt(self, peer: int, prompt: bool) -> None:
        """Have packets reach *peer* as they come, never merged, or let that go. Unknown peers are ignored."""

    def close_peer(self, peer: int, why: str) -> None:
        """End the peer at once; `closed` follows as an event. Unknown peers are ignored."""

    def close_space(self, space: int, why: str) -> None: ...
    def tap(self, space: int, peers: Sequence[int]) -> None: ...
    def fileno(self) -> int:
        """An eventfd that is readable while events wait."""

    def drain_events(self, most: int) -> list[tuple[object, ...]]:
        """At most *most* events, oldest first:

        ("connected", peer, transport: "udp" | "tcp")   DTLS is up
        ("publishing", peer)                            first packet of an allowed voice
        ("closed", peer, why: str)                      "silent", "bye", "dtls", "stopped", "fault" (ours), or as close_peer was told
        ("levels", space, [(voice, dbov: int), ...])    at most 10 a second a space, while they change; 0 loudest, -127 silence
        ("loudness", space, [(voice, dbov: int), ...])  how loud the speech of each is over its last half minute, all whose is known,
                                                        when one has changed by 1 dB
        ("active", space, [voice | 0, ...])             who holds the slots, dominant first, when it changes
        """

    def drain_tap(self, most_bytes: int) -> bytes:
        """Whole records, oldest first, of Opus packets of tapped publishers while their voice is allowed.

        A record, `struct` format ">IQQIQIQB" and then the Opus packet: bytes that follow this number, space, peer, voice,
        arrival in µs since the Unix epoch, RTP timestamp, packet index (sequence number, wraps counted), and the level byte of
        RFC 6464 (V bit, minus dBov). Memory is bounded: what is not drained in time is dropped and counted in drops_tap_total.
        """

    def stats(self) -> dict[str, int | float | list[int]]:
        """Counters since the start, by name; names end in their unit. Delays are histograms in powers of two of a µs.

        peers, spaces, packets_in_total, packets_out_total, bytes_in_total, bytes_out_total, drops_send_total,
        sends_segmented_total (several packets to one listener by one send), segmenting_refused_total,
        drops_srtp_auth_total, drops_replay_total, drops_unknown_total, drops_tap_total,
        drops_pace_total (packets of publishers who send too many),
        drops_unproved_total (datagrams for an address that is unproved and has had its share),
        drops_late_total (packets that waited too long for an audience), drops_merging_total (packets later than the merged one
        that they belonged to, for each phase), listeners_merged (who get merged packets now), packets_merged_total,
        listeners_protected (who get earlier frames again in each packet), recovered_total (lost packets of speakers that came back as
        a copy), asked_again_total (packets that speakers were asked for again), drops_red_total (speakers' packets whose copies
        lie), handshakes_total,
        handshake_failures_total, stun_total, stun_rejected_total, stun_replayed_total (of those, checks seen before),
        routes_refused_total (signed checks from an address that another peer holds, or one too many for their own),
        events_dropped_total, forwarded_total (packets of publishers passed on), tcp_connections,
        tcp_rejected_total (connections that showed no good check, or were in others' way),
        tcp_accept_failures_total (times that the system had no descriptor for a connection), faults_total, max_peers, shards,
        drops_mail_total (sound and datagrams that another media thread had no room for), handed_over_total (datagrams that
        came by another media thread's socket), routes (addresses that media threads have told each other),
        busy: float (0 to 1: the share of the last second that the busiest media thread did not spend waiting),
        stage_delay_us_log2: list[int] (until those on stage have their copies), forward_delay_us_log2: list[int] (until the
        last copy); both count from the beginning of the turn in which the packet is read, place i those of at least 2^(i-1)
        and less than 2^i µs, and the last place also what took longer
        """

    def shutdown(self) -> None:
        """Say BYE to every peer, close the sockets, join the threads. Twice does no harm."""

@final
class Client:
    """A headless participant: ICE, DTLS and SRTP over real sockets, Opus in and out as it stands. One thread each process, however many."""

    def __init__(self, *, send: bool, receive_lines: int, red: int | None = None, nack: bool = False) -> None:
        """*red*: offer RED, and send so many copies with each packet; *nack*: offer NACK. Both hold for all lines."""

    def offer(self) -> str: ...
    def answer(self, sdp: str) -> None:
        """Connect; ValueError when the answer makes no sense."""

    def fileno(self) -> int: ...
    def state(self) -> str:
        """`new`, `checking`, `connected`, `closed` or `failed`."""

    def send_opus(self, packets: Sequence[bytes], level_dbov: Sequence[int]) -> int:
        """Queue 20 ms packets, sent at their pace; how many wait now. An empty packet is 20 ms of silence without a packet."""

    def queued(self) -> int: ...
    def clear(self) -> None:
        """Forget what waits to be sent."""

    def received(self, most: int) -> list[tuple[int, int, int, int, bytes]]:
        """(line, csrc, rtp timestamp, sequence number, Opus packet), oldest first; a lost packet comes with the copy that brought it."""

    def tally(self) -> tuple[int, int, int]:
        """How many packets did not come, were taken from copies, and were received by `received`, those from copies included."""

    def close(self) -> None: ...
