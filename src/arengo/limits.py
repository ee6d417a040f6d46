"""Every limit of the service, named, in one place.

`docs/operating/limits.md` lists them for operators; a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes or characters, times in seconds, rates per period; the docstring under each says why."""

    # ---- requests --------------------------------------------------------------------------
    request_body_bytes: int = 65_536
    """Body of any request; 413 `too_large` beyond."""
    header_bytes: int = 32_768
    """The request line and all header lines of a request together; 431 `header_too_large` beyond."""
    header_s: float = 10.0
    """From the opening of a connection, or the first byte of a request, to the end of its header; also a TLS handshake."""
    body_s: float = 30.0
    """From the end of a header to the end of the body."""
    idle_s: float = 30.0
    """A connection on which nothing is asked or taken for so long is closed."""
    linger_s: float = 2.0
    """After a refusal, what still arrives is dropped for so long before the connection is closed: a reset could overtake the answer."""
    linger_bytes: int = 4_194_304
    """After a refusal, more than this of what still arrives ends the connection with a reset."""
    read_bytes: int = 16_384
    """Read from one connection before others have their turn."""
    requests_waiting: int = 16
    """Requests of one connection that wait for the answer to the one before; the connection is closed beyond."""
    open_connections: int = 30_000
    """Connections to the web server, fewer where the machine gives fewer file descriptors; 503 beyond."""
    connections_per_address: int = 4_096
    """Connections from one address (IPv6: one /64), and at most half of all: a school behind one address survives."""
    openings_per_address: int = 256
    """Connections from one address that have not sent a whole request yet; the oldest gives way."""
    descriptors_kept: int = 64
    """File descriptors that connections leave free, beside those that the server holds when it begins to listen."""
    shutdown_s: float = 3.0
    """From the signal to the end of the process."""

    # ---- database --------------------------------------------------------------------------
    database_wait_s: float = 2.0
    """Waiting for a locked or absent database before `unavailable`."""
    database_readers: int = 4
    """Connections that only read (SQLite), or all connections (PostgreSQL, times four)."""
    sole_use_wait_s: float = 5.0
    """How long a server or command waits for another process to let go of the data, before it gives up."""
    sole_use_look_s: float = 2.0
    """How often a server makes sure that its PostgreSQL database is still its own."""
    disk_free_bytes: int = 33_554_432
    """With less free space than this in the data directory, `/readyz` answers 503 and the log says so."""
    disk_look_s: float = 10.0
    """How often the free space is measured."""

    # ---- people ----------------------------------------------------------------------------
    name_min_chars: int = 2
    name_max_chars: int = 30
    """Account name, `[a-z0-9_]`."""
    password_min_chars: int = 8
    password_max_chars: int = 256
    """Beyond, hashing would be a lever against the server."""
    passwords_at_once: int = 2
    """Passwords hashed at the same time, each with 19 MiB."""
    passwords_waiting: int = 64
    """Passwords that may wait for their turn; 503 `unavailable` beyond."""
    session_days: int = 30
    """A login that is not used for so long ends."""
    housekeeping_s: float = 21_600.0
    """How often logins and invitations that ran out are forgotten."""
    session_touch_s: float = 3600.0
    """How often the use of a login or token is written down."""
    sessions_per_account: int = 50
    """Logins of one account; the oldest gives way."""
    tokens_per_account: int = 50
    """API tokens of one account; `too_many_tokens` beyond."""
    token_label_max_chars: int = 60
    """What a person calls a token."""
    guest_hours: int = 24
    """A guest is recognised for so long after the last time their pass was made."""
    guests_remembered: int = 50_000
    """Guests whose display name is kept in memory."""
    identities_remembered: int = 50_000
    """Recognised logins kept in memory, so that a request needs no database."""
    identity_fresh_s: float = 10.0
    """How long a recognised login is believed without asking the database again."""
    invitation_days: int = 14
    """A sign-up invitation lasts so long."""
    invitations_per_account: int = 100
    """Open sign-up invitations of one account."""
    people_found: int = 20
    """Answers to a search for people by the beginning of their name."""

    # ---- rates -----------------------------------------------------------------------------
    login_tries: int = 10
    login_tries_s: float = 600.0
    """Wrong passwords for one name from one address; a right one does not count."""
    login_tries_per_name: int = 100
    login_tries_per_name_s: float = 600.0
    """Wrong passwords for one name from everywhere; an owner signs in on a known device all the same."""
    login_tries_per_address: int = 200
    login_tries_per_address_s: float = 600.0
    """Wrong passwords from one address: a school behind one address survives."""
    login_tries_per_device: int = 10
    login_tries_per_device_s: float = 600.0
    """Wrong passwords from one known device; beyond, it is unknown for a while."""
    signups_per_address: int = 100
    signups_per_address_s: float = 3600.0
    """New accounts from one address: a class signs up within one lesson."""
    guests_per_address: int = 2_000
    guests_per_address_s: float = 3600.0
    """New guests from one address (IPv6: one /64): a whole school joins at once."""
    networks_per_site: int = 4
    """An IPv6 /56 may do so many times what one /64 may: a home or school with a /56 uses a few of its 256 networks at once."""
    addresses_remembered: int = 100_000
    """Addresses and names that rates are counted for."""

    # ---- spaces ----------------------------------------------------------------------------
    stage_capacity: int = 13
    """Places on stage of a new space: the host's, two for co-hosts, ten for speakers."""
    live_spaces_per_host: int = 5
    scheduled_spaces_per_host: int = 100
    """Spaces of one account at a time; `too_many_spaces` beyond."""
    spaces_opened_per_host: int = 30
    spaces_opened_per_host_s: float = 3600.0
    """New spaces of one account."""
    spaces_listed: int = 200
    """Spaces in one answer."""
    overdue_s: float = 43_200.0
    """A scheduled space that has not begun is listed for so long after its time."""
    commands_per_person: int = 60
    commands_per_person_s: float = 10.0
    """What one person may ask of one space; `rate_limited` beyond, with no effect on others."""
    reactions_per_person: int = 20
    reactions_per_person_s: float = 5.0
    """Emoji of one person in one space."""
    commands_waiting: int = 2048
    """Commands of one space that wait for their turn; `unavailable` beyond."""
    events_kept: int = 512
    """Events of one space that a returning reader can still be given one by one."""
    place_grace_s: float = 60.0
    """A place on stage is kept for so long for somebody who lost their connection."""
    host_grace_s: float = 30.0
    """An absent host is stood in for after so long."""
    hand_grace_s: float = 60.0
    """The hand of somebody who is gone stays up for so long."""
    audience_grace_s: float = 10.0
    """A listener who is gone is counted for so long."""
    silence_ends_space_s: float = 900.0
    """A live space in which nobody could be heard for so long ends by itself."""
    pulse_s: float = 0.25
    """Reactions and the audience are told at most this often."""
    pulse_people: int = 1_000
    """For each so many people in a space, one pulse more is left out between two."""
    gather_people: int = 1_000
    """From so many people in a space on, those who neither speak nor moderate are told events together, once each pulse."""
    audience_sample: int = 60
    """Listeners who are named in a snapshot and a pulse."""
    people_page: int = 200
    """Listeners in one page of a list."""
    database_retry_s: float = 1.0
    """While the database is away, a space asks for it this often."""

    # ---- too much to carry -----------------------------------------------------------------
    weigh_s: float = 1.0
    """How often the load is weighed."""
    thin_busy: float = 0.8
    thin_lag_s: float = 0.2
    """With this share of a media thread's time in use, or the service this late, pulses are told less often."""
    thin_pulses: int = 4
    """One pulse in so many is told then."""
    refuse_busy: float = 0.95
    refuse_lag_s: float = 1.0
    """With this share, or the service this late, new listeners are refused with 503 `media_full`."""
    shed_until_busy: float = 0.92
    shed_until_lag: float = 0.8
    """Below these parts of the marks that began it, for `shed_calm_s`, less is shed again."""
    shed_calm_s: float = 10.0
    """The load has to be calm for so long before less is shed again."""
    reserved_share: float = 0.01
    """Part of all media sessions that is kept for those who speak, moderate or are invited."""
    full_retry_s: float = 10.0
    full_retry_spread_s: float = 20.0
    """Who is refused is told to come back after the first, and a part of the second by chance."""

    # ---- the space channel -----------------------------------------------------------------
    channel_message_bytes: int = 16_384
    """One message of a client."""
    channel_hello_s: float = 5.0
    """From the opening of the socket to `hello`."""
    channel_idle_s: float = 60.0
    """A socket that says nothing for so long is closed."""
    channel_messages: int = 100
    channel_messages_s: float = 10.0
    """Messages of one socket; `rate_limited` beyond."""
    channel_excess: int = 200
    """Messages beyond the rate after which the socket is closed with 4429."""
    channel_frames: int = 400
    """WebSocket frames of one socket in every `channel_messages_s`, of whatever kind; closed with 4429 beyond."""
    channel_bytes: int = 262_144
    """Bytes of one socket in every `channel_messages_s`; closed with 4429 beyond."""
    channel_queue_bytes: int = 1_048_576
    """What waits for a reader who does not keep up; closed with 4408 beyond."""
    resume_hours: int = 24
    """A resume token is good for so long."""

    # ---- media sessions --------------------------------------------------------------------
    sdp_bytes: int = 32_768
    """One offer; 413 `too_large` beyond."""
    media_session_ended_s: float = 60.0
    """For so long the owner of a session that has ended may still hang up without being told that there is none."""
    media_sessions_joining_per_address: int = 2_000
    """Media sessions of one address that are not connected yet; the oldest gives way to one more. A whole school joins at once."""
    media_sessions_spare: int = 8
    """Places of the media core beyond `--media-sessions`: a newcomer is answered there before somebody who never connected gives way."""
    media_sessions_per_person: int = 20
    media_sessions_per_person_s: float = 30.0
    """Offers of one person in one space."""
